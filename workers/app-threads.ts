import { servePoolThread } from '../src/runtime/app/wasix/pool-thread';

servePoolThread();
