import { TabBroker } from '../src/rpc/tab-broker';
import { tabLockName } from '../src/rpc/tab-messages';

const broker = new TabBroker({ gone: (tab) => navigator.locks.request(tabLockName(tab), () => {}) });

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port) broker.connect(port);
});
