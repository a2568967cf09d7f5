import { acceptPort } from '../src/rpc/accept-node';
import { expose } from '../src/rpc/control';
import { StoreService } from '../src/storage/store-service';

acceptPort((port) => expose(new StoreService(), port));
