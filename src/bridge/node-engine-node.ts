import type { EngineApi } from '../api/engine-api';
import { systemClock } from '../base/clock';
import { createDeferred } from '../base/deferred';
import { DisposableStore } from '../base/lifecycle';
import { createLabBuilder } from '../engine/builds/lab-builder';
import type { LabContainers } from '../engine/containers/engine';
import { createEngineApi } from '../engine/http/create-engine-api';
import type { EngineRouter } from '../engine/http/engine-router';
import { createHttpBridge, type HttpBridge } from './http-bridge-node';
import type { ListenAddress } from './listen-address';
import { listen } from './listen-node';
import { type NodeLab, type NodeLabOptions, openNodeLab } from './node-lab-node';
import { PublishedPorts } from './published-ports-node';
import { registryFetch } from './registry-fetch-node';

export interface NodeEngineOptions extends Omit<NodeLabOptions, 'hostPorts' | 'engineApi'> {
  readonly listen: readonly ListenAddress[];
}

/** The container engine with real guests, without a page, on sockets of this machine. */
export interface NodeEngine extends AsyncDisposable {
  readonly lab: NodeLab;
  readonly api: EngineRouter;
  /** Where it listens, with the ports that it got. */
  readonly addresses: readonly ListenAddress[];
}

/** Errors: those of the lab's, and of addresses where nobody can listen. */
export async function openNodeEngine(options: NodeEngineOptions): Promise<NodeEngine> {
  const opened = createDeferred<EngineApi>();
  opened.promise.catch(() => undefined);
  const hostPorts = new PublishedPorts((network, to) => lab.lab.connect(network, to));
  const lab = await openNodeLab({ ...options, hostPorts, engineApi: () => opened.promise });
  const bridges: HttpBridge[] = [];
  const parts = new DisposableStore();
  parts.add(hostPorts);
  const close = async (): Promise<void> => {
    await Promise.all(bridges.map((bridge) => bridge.close()));
    parts.dispose();
    await lab[Symbol.asyncDispose]();
  };
  try {
    const engine = await lab.lab.containers();
    const api = openApi(lab, engine, parts);
    opened.resolve(api);
    parts.add(engine.changed(() => hostPorts.follow(engine.published())));
    const addresses: ListenAddress[] = [];
    for (const address of options.listen) {
      const bridge = createHttpBridge(api);
      addresses.push(await listen(bridge.server, address));
      bridges.push(bridge);
    }
    return { lab, api, addresses, [Symbol.asyncDispose]: close };
  } catch (error) {
    opened.reject(error);
    await close();
    throw error;
  }
}

function openApi(
  { lab, images, registries, remote }: NodeLab,
  engine: LabContainers,
  parts: DisposableStore,
): EngineRouter {
  const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
  const outside = { remote, registries, clock: systemClock, fetch: registryFetch, randomBytes };
  const builder = parts.add(createLabBuilder({ lab, engine, images, ...outside }));
  return createEngineApi({ engine, images, registries, builder, clock: systemClock });
}
