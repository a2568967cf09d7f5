import { acceptPort } from '../src/rpc/accept-node';
import { serveTender } from '../src/runtime/unikernel/tender-worker';

acceptPort(serveTender);
