import { systemClock } from '../src/base/clock';
import { serveGateways } from '../src/network/gateway/gateway-service';
import { acceptPort } from '../src/rpc/accept-node';
import { createModuleHost } from '../src/runtime/unikernel/hosted-module';

const random = (bytes: Uint8Array<ArrayBuffer>): void => void crypto.getRandomValues(bytes);

acceptPort((port) => serveGateways(port, createModuleHost({ clock: systemClock, random })));
