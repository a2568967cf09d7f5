import { acceptPort } from '../src/rpc/accept-browser';
import { serveVm } from '../src/runtime/vm/vm-worker';

acceptPort(serveVm);
