import { acceptPort } from '../src/rpc/accept-browser';
import { expose } from '../src/rpc/control';
import { browserSpawner } from '../src/rpc/spawn-browser';
import { StoreService } from '../src/storage/store-service';
import sealerUrl from './sealer.ts?worker&url';

acceptPort((port) => expose(new StoreService({ spawnSealer: browserSpawner(sealerUrl) }), port));
