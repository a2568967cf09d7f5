import { acceptPort } from '../src/rpc/accept-browser';
import { serveTender } from '../src/runtime/unikernel/tender-worker';

acceptPort(serveTender);
