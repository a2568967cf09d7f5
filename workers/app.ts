import type { OpenAppNetwork } from '../src/api/app-network';
import { systemClock } from '../src/base/clock';
import { acceptPort } from '../src/rpc/accept-browser';
import { serveApp } from '../src/runtime/app/app-worker';

const random = (bytes: Uint8Array<ArrayBuffer>): void => void crypto.getRandomValues(bytes);

/** Most programs have no network. */
const openNetwork: OpenAppNetwork = async (nic) => {
  const [{ AppStation }, { createModuleHost }] = await Promise.all([
    import('../src/network/app-station'),
    import('../src/runtime/unikernel/hosted-module'),
  ]);
  const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
  return new AppStation(nic, {
    host: createModuleHost({ clock: systemClock, random }),
    clock: systemClock,
    randomBytes,
  });
};

acceptPort((port) => serveApp(port, openNetwork));
