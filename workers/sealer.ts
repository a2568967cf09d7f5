import { acceptPort } from '../src/rpc/accept-browser';
import { expose } from '../src/rpc/control';
import { embeddedPart } from '../src/storage/embedded-blob';
import { SealerService } from '../src/storage/sealer-service';

acceptPort((port) => expose(new SealerService(embeddedPart), port));
