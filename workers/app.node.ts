import { acceptPort } from '../src/rpc/accept-node';
import { serveApp } from '../src/runtime/app/app-worker';

acceptPort(serveApp);
