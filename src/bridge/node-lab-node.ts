import { availableParallelism } from 'node:os';
import type { EngineApi } from '../api/engine-api';
import { systemClock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { createDiskClient } from '../engine/disk-client';
import { loadGatewayModule } from '../engine/gateway-module';
import { Images } from '../engine/images';
import { createLab, type Lab } from '../engine/lab';
import type { LabOptions } from '../engine/lab-options';
import { createMachineImages } from '../engine/machine-images';
import { Registries } from '../engine/registries';
import {
  type ArtifactLoader,
  createBlobClient,
  createRecordClient,
  createShareClient,
  createStoreClient,
} from '../engine/store-client';
import { UnikernelLibrary } from '../engine/unikernel-library';
import { agentProtocolVersion } from '../formats/agent';
import type { GatewayWorkerService } from '../network/gateway/gateway-service';
import { SwitchClient } from '../network/switch-client';
import type { SwitchService } from '../network/switch-service';
import { connect, expose, type Remote } from '../rpc/control';
import { nodeSpawner } from '../rpc/spawn-node';
import type { SpawnWorker } from '../rpc/worker-handle';
import { Supervisor } from '../runtime/supervisor';
import { createUnikernelDriver } from '../runtime/unikernel/unikernel-driver';
import { compileV86 } from '../runtime/vm/v86-wasm-node';
import { createVmDriver } from '../runtime/vm/vm-driver';
import { createMemoryContentStore } from '../storage/open-content-store';
import { StoreService } from '../storage/store-service';
import { registryFetch } from './registry-fetch-node';

/** A lab without a page: what is stored is in memory, every machine in a thread of its own. */
export interface NodeLab extends AsyncDisposable {
  readonly lab: Lab;
  readonly images: Images;
  readonly registries: Registries;
  readonly artifacts: ArtifactLoader;
  readonly remote: Remote<StoreService>;
}

export interface NodeLabOptions {
  /** Directory of the image layout that the lab's own images come from, with a slash at the end. */
  readonly registry: URL;
  /** RAM that all machines may have together. */
  readonly memoryBudgetMiB: number;
  /** Has the last word about where artifacts come from. */
  readonly artifacts?: (stored: ArtifactLoader) => ArtifactLoader;
  /** Of container hosts that make themselves; `diskMiB` is what the registry has empty file systems for. */
  readonly containerHosts?: LabOptions['containerHosts'];
  /** Where programs of this machine reach the published ports of containers. */
  readonly hostPorts?: LabOptions['hostPorts'];
  /** The Docker Engine API, for guests whose network may have it. */
  readonly engineApi?: () => Promise<EngineApi>;
  /** Starts the lab's threads. */
  readonly spawn?: (entry: URL) => SpawnWorker;
}

const workers = new URL('../../workers/', import.meta.url);

/** A module is looked at with all the memory that one can have, MiB. */
const inspectionMiB = 1024;

/** Share of that memory which unikernels may have besides. */
const unikernelShare = 0.25;

export async function openNodeLab(options: NodeLabOptions): Promise<NodeLab> {
  const { registry, memoryBudgetMiB, artifacts: choose = (stored) => stored, containerHosts, engineApi } = options;
  const { spawn = nodeSpawner, hostPorts } = options;
  const clock = systemClock;
  const randomBytes = (count: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(count));
  const opened = createMemoryContentStore({ clock });
  const service = new StoreService({ open: async () => opened, fetch: registryFetch, clock });
  await service.open(registry.href);
  // Behind a port as in the page, so that streams and callbacks are what they are there.
  const { port1, port2 } = new MessageChannel();
  expose(service, port1);
  const { remote, close } = connect<StoreService>(port2);
  const supervisor = new Supervisor(clock);
  const artifacts = choose(createStoreClient(remote));
  const blobs = createBlobClient(remote);
  const images = new Images({ remote });
  const registries = new Registries({ remote, tell: (event) => images.tell(event) });
  const library = new UnikernelLibrary(artifacts, blobs);
  const unikernels = createUnikernelDriver({
    images: library,
    spawn: spawn(new URL('unikernel.node.ts', workers)),
    supervisor,
    clock,
    randomBytes,
    memoryBudgetMiB: memoryBudgetMiB * unikernelShare,
    cores: availableParallelism(),
  });
  const machines = createVmDriver({
    images: createMachineImages(artifacts),
    spawn: spawn(new URL('vm.node.ts', workers)),
    supervisor,
    clock,
    randomBytes,
    agentProtocol: agentProtocolVersion,
    wasm: compileV86,
    memoryBudgetMiB,
  });
  const lab = createLab({
    drivers: [machines, unikernels],
    unikernels: { library, devices: (image) => unikernels.devices(image, inspectionMiB) },
    records: createRecordClient(remote),
    blobs,
    disks: createDiskClient(remote),
    artifacts,
    shares: createShareClient(remote),
    images: async () => images,
    switch: new SwitchClient({
      start: () => supervisor.spawn<SwitchService>(spawn(new URL('switch.node.ts', workers)), 'switch'),
      clock,
    }),
    gateways: {
      start: () => supervisor.spawn<GatewayWorkerService>(spawn(new URL('gateway.node.ts', workers)), 'gateways'),
      loadModule: () => loadGatewayModule(artifacts),
    },
    clock,
    randomBytes,
    removeGraceMs: 0,
    ...(engineApi && { engineApi }),
    ...(containerHosts && { containerHosts }),
    ...(hostPorts && { hostPorts }),
  });
  await images.open();
  await lab.open();
  return {
    lab,
    images,
    registries,
    artifacts,
    remote,
    async [Symbol.asyncDispose]() {
      await lab.close();
      supervisor.dispose();
      images.dispose();
      registries.dispose();
      await service.close();
      close(new SandboxError('Aborted', 'The lab is closed'));
      port1.close();
    },
  };
}
