import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { createHttpBridge } from '../../src/bridge/http-bridge-node';
import { listen } from '../../src/bridge/listen-node';
import { registryFetch } from '../../src/bridge/registry-fetch-node';
import { StoreImageBuilder } from '../../src/engine/builds/image-builder';
import { authRoutes } from '../../src/engine/http/auth-routes';
import { buildRoutes } from '../../src/engine/http/build-routes';
import { EngineRouter } from '../../src/engine/http/engine-router';
import { imageRoutes } from '../../src/engine/http/image-routes';
import { imageTransferRoutes } from '../../src/engine/http/image-transfer-routes';
import { pingRoute } from '../../src/engine/http/ping-route';
import { Images } from '../../src/engine/images';
import { Registries } from '../../src/engine/registries';
import { connect, expose } from '../../src/rpc/control';
import { createMemoryContentStore } from '../../src/storage/open-content-store';
import { StoreService } from '../../src/storage/store-service';

export interface ImageEngine extends AsyncDisposable {
  /** Path of its socket. */
  readonly socket: string;
  /** A folder for what clients keep. */
  readonly folder: string;
}

/** The half of the engine that knows images, on a socket: the page's own registry, registries of the network, a store in memory. */
export async function openImageEngine(): Promise<ImageEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-images-'));
  const opened = createMemoryContentStore({});
  const service = new StoreService({ open: async () => opened, fetch: registryFetch });
  await service.open(new URL('../../public/registry/', import.meta.url).href);
  const { port1, port2 } = new MessageChannel();
  expose(service, port1);
  const { remote } = connect<StoreService>(port2);
  const images = new Images({ remote });
  await images.open();
  const registries = new Registries({ remote });
  const builder = new StoreImageBuilder({
    remote,
    clock: systemClock,
    fetch,
    pull: (name, platform, { signal }) => registries.pull(name, { platform, ...(signal && { signal }) }),
  });
  const api = new EngineRouter({
    server: 'Strata/0 (linux)',
    routes: [
      pingRoute,
      ...authRoutes(registries),
      ...imageRoutes({ images, clock: systemClock }),
      ...imageTransferRoutes({ images, registries }),
      ...buildRoutes(builder, systemClock),
    ],
  });
  const bridge = createHttpBridge(api);
  const socket = join(folder, 'engine.sock');
  await listen(bridge.server, { kind: 'unix', path: socket });
  return {
    socket,
    folder,
    async [Symbol.asyncDispose]() {
      await bridge.close();
      builder.dispose();
      registries.dispose();
      images.dispose();
      await service.close();
      port1.close();
      port2.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
