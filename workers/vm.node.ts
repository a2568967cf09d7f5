import { acceptPort } from '../src/rpc/accept-node';
import { serveVm } from '../src/runtime/vm/vm-worker';

acceptPort(serveVm);
