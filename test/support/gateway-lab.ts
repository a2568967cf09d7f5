import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { UnikernelImageSource } from '../../src/api/unikernel';
import { systemClock } from '../../src/base/clock';
import { SandboxError } from '../../src/base/errors';
import type { EgressOptions } from '../../src/engine/egress';
import type { GatewayEvent } from '../../src/engine/gateways';
import { createLab, type Lab } from '../../src/engine/lab';
import { createStores, type Stores } from '../../src/engine/stores-fixture';
import { digestOf } from '../../src/formats/digest';
import type { Index, Manifest } from '../../src/formats/oci';
import type { GatewayWorkerService } from '../../src/network/gateway/gateway-service';
import { SwitchClient } from '../../src/network/switch-client';
import type { SwitchService } from '../../src/network/switch-service';
import { nodeSpawner } from '../../src/rpc/spawn-node';
import type { SpawnWorker, WorkerHandle } from '../../src/rpc/worker-handle';
import { createUnikernelDriver, type UnikernelDriver } from '../../src/runtime/unikernel/unikernel-driver';
import type { KillableStore } from './killable-store';
import { createNodeLab, type NodeLab } from './node-lab';
import { tenderThreads } from './tender-lab';
import { unikernelModule } from './unikernel-lab';

const root = new URL('../../', import.meta.url);
const reference = 'strata/unikernel-gateway:1';

/** The gateways' module: as it is published, or as it was built last. */
export async function gatewayModule(): Promise<WebAssembly.Module> {
  const published = await fromRegistry(new URL('public/registry/', root));
  const built = new URL('build/unikernels/gateway.wasm', root);
  if (!published && !existsSync(built)) throw new Error('No gateway: run "npm run images -- --only unikernels"');
  return WebAssembly.compile(published ?? (await readFile(built)));
}

async function fromRegistry(registry: URL): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const blob = (digest = '') => readFile(new URL(`blobs/${digest.replace(':', '/')}`, registry));
  const index = JSON.parse(await readFile(new URL('index.json', registry), 'utf8')) as Index;
  const found = index.manifests.find(
    ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === reference,
  );
  if (!found) return undefined;
  const manifest = JSON.parse((await blob(found.digest)).toString()) as Manifest;
  return new Uint8Array(await blob(manifest.layers[0]?.digest));
}

export interface GatewayLab {
  readonly lab: Lab;
  readonly nodes: NodeLab;
  readonly unikernels: UnikernelDriver;
  readonly stores: Stores;
  /** What the gateways have told, oldest first. */
  readonly events: readonly GatewayEvent[];
  /** Resolves once they have told something like it since the last call. */
  until(matches: (event: GatewayEvent) => boolean): Promise<GatewayEvent>;
  /** Ends a worker as a crash would. */
  kill(what: 'switch' | 'gateways'): void;
  dispose(): Promise<void>;
}

/** The unikernels that are shipped, by the images' names. */
const shipped: UnikernelImageSource = {
  async load(image) {
    const name = /^strata\/unikernel-([a-z]+):1$/.exec(image)?.[1];
    if (name === undefined) throw new SandboxError('NotFound', `No such image: ${image}`);
    const bytes = unikernelModule(name);
    return { digest: await digestOf(bytes), bytes: bytes.buffer };
  },
};

/**
 * A whole lab with real guests, its machines, switch and gateways in threads of their own; records in memory. With
 * `disks` these are in a store that can be killed.
 */
export async function createGatewayLab(
  given?: Stores,
  disks?: KillableStore,
  egress?: EgressOptions,
): Promise<GatewayLab> {
  const nodes = await createNodeLab();
  const stores = given ?? (await createStores());
  const workers = new Map<string, WorkerHandle>();
  const spawner = (file: string): SpawnWorker => {
    const spawn = nodeSpawner(new URL(`workers/${file}.node.ts`, root));
    return (name) => {
      const handle = spawn(name);
      workers.set(name, handle);
      return handle;
    };
  };
  const [spawnSwitch, spawnGateways] = [spawner('switch'), spawner('gateway')];
  const module = await gatewayModule();
  const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
  const unikernels = createUnikernelDriver({
    images: shipped,
    spawn: tenderThreads,
    supervisor: nodes.supervisor,
    clock: systemClock,
    randomBytes,
    memoryBudgetMiB: 4096,
    cores: 1,
  });
  const lab = createLab({
    ...(egress && { egress: async () => egress }),
    drivers: [nodes.driver, unikernels],
    ...stores,
    ...(disks && { disks: disks.disks, store: disks.events }),
    switch: new SwitchClient({
      start: () => nodes.supervisor.spawn<SwitchService>(spawnSwitch, 'switch'),
      clock: systemClock,
    }),
    gateways: {
      start: () => nodes.supervisor.spawn<GatewayWorkerService>(spawnGateways, 'gateways'),
      loadModule: async () => module,
    },
    clock: systemClock,
    randomBytes,
    removeGraceMs: 0,
  });
  const events: GatewayEvent[] = [];
  let seen = 0;
  let wake = (): void => {};
  lab.gatewayEvents((event) => {
    events.push(event);
    wake();
  });
  await lab.open();
  return {
    lab,
    nodes,
    unikernels,
    stores,
    events,
    async until(matches) {
      for (;;) {
        const found = events.slice(seen).findIndex(matches);
        if (found >= 0) {
          seen += found + 1;
          return events[seen - 1] as GatewayEvent;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    kill: (what) => workers.get(what)?.terminate(),
    async dispose() {
      await lab.close();
      await nodes.dispose();
    },
  };
}
