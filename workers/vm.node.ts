import { acceptPort } from '../src/rpc/accept-node';
import { compileV86 } from '../src/runtime/vm/v86-wasm-node';
import { serveVm } from '../src/runtime/vm/vm-worker';

acceptPort((port) => serveVm(port, compileV86));
