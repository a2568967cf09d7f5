import { acceptPort } from '../src/rpc/accept-browser';
import { compileV86 } from '../src/runtime/vm/v86-wasm-browser';
import { serveVm } from '../src/runtime/vm/vm-worker';

acceptPort((port) => serveVm(port, compileV86));
