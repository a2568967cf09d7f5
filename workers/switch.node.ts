import { serveSwitch } from '../src/network/switch-service';
import { acceptPort } from '../src/rpc/accept-node';

acceptPort(serveSwitch);
