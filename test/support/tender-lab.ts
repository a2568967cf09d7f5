import type { UnikernelImageSource, UnikernelSpec } from '../../src/api/unikernel';
import { systemClock } from '../../src/base/clock';
import { SandboxError } from '../../src/base/errors';
import { digestOf } from '../../src/formats/digest';
import { expose } from '../../src/rpc/control';
import { inProcessSpawner, nodeSpawner } from '../../src/rpc/spawn-node';
import type { SpawnWorker } from '../../src/rpc/worker-handle';
import { Supervisor } from '../../src/runtime/supervisor';
import { TenderWorker } from '../../src/runtime/unikernel/tender-worker';
import { createUnikernelDriver, type UnikernelDriver } from '../../src/runtime/unikernel/unikernel-driver';
import type { UnikernelInstance } from '../../src/runtime/unikernel/unikernel-instance';
import { NodeWire, type Station } from './node-wire';

/** Where modules run: in threads of their own, or in this one, where one that spins cannot be ended. */
export const tenderThreads: SpawnWorker = nodeSpawner(new URL('../../workers/unikernel.node.ts', import.meta.url));

export interface TenderLab {
  readonly driver: UnikernelDriver;
  readonly supervisor: Supervisor;
  readonly wire: NodeWire;
  /** An instance of a module, named after it; not started. */
  make(module: Uint8Array, change?: Partial<UnikernelSpec>, station?: Station): UnikernelInstance;
  dispose(): Promise<void>;
}

/** The runtime of unikernels in Node, with modules that are given as bytes, on a real switch and real disks. */
export function createTenderLab(where: 'threads' | 'one process'): TenderLab {
  const modules = new Map<string, Uint8Array<ArrayBuffer>>();
  const workers: TenderWorker[] = [];
  const inProcess = inProcessSpawner((port) => {
    const worker = new TenderWorker();
    workers.push(worker);
    expose(worker, port);
  });
  const images: UnikernelImageSource = {
    async load(image, variant) {
      const bytes = modules.get(variant === 'module' ? image : `${image} ${variant}`);
      if (!bytes) throw new SandboxError('NotFound', `No such image: ${image}`);
      return { digest: await digestOf(bytes), bytes: bytes.slice().buffer };
    },
  };
  const supervisor = new Supervisor(systemClock);
  const driver = createUnikernelDriver({
    images,
    spawn: where === 'threads' ? tenderThreads : inProcess,
    supervisor,
    clock: systemClock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    memoryBudgetMiB: 4096,
    cores: 1,
  });
  const wire = new NodeWire();
  let made = 0;
  return {
    driver,
    supervisor,
    wire,
    make(module, change = {}, station) {
      made += 1;
      const image = `guest-${made}`;
      modules.set(image, new Uint8Array(module));
      const name = change.name ?? image;
      const place = station ?? wire.station(name);
      return driver.create({ ...tinySpec, image, ...change, name }, place.resources);
    },
    async dispose() {
      supervisor.dispose();
      for (const worker of workers) worker.dispose();
    },
  };
}

const tinySpec: UnikernelSpec = {
  kind: 'unikernel',
  name: 'guest',
  image: 'guest',
  args: [],
  config: {},
  memoryMiB: 1,
  nics: [{ network: 'net-0' }],
  disks: [],
  addressing: 'static',
};
