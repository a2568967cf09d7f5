import { packTar, type TarEntry } from 'modern-tar';
import type { InstanceResources, VmSpec } from '../../src/api/instance';
import { systemClock } from '../../src/base/clock';
import { Images } from '../../src/engine/images';
import { createMachineImages } from '../../src/engine/machine-images';
import { ShareAttachments } from '../../src/engine/share-attachments';
import { createShareClient, createStoreClient } from '../../src/engine/store-client';
import { agentProtocolVersion } from '../../src/formats/agent';
import { browserSpawner } from '../../src/rpc/spawn-browser';
import { Supervisor } from '../../src/runtime/supervisor';
import { compileV86 } from '../../src/runtime/vm/v86-wasm-browser';
import { createVmDriver } from '../../src/runtime/vm/vm-driver';
import type { VmInstance } from '../../src/runtime/vm/vm-instance';
import { StoreSupervision } from '../../src/storage/store-supervision';
import storeWorkerUrl from '../../workers/store.ts?worker&url';
import vmWorkerUrl from '../../workers/vm.ts?worker&url';

/** What the bench calls from outside. */
export interface NinePBench {
  /** Stores an image of one layer: a file of so many bytes, and a directory of so many files. */
  store(fileBytes: number, files: number): Promise<void>;
  /** Starts a machine that has that layer mounted at /tmp/layer. */
  start(): Promise<void>;
  /** Milliseconds of a command in the guest, as this page sees it. */
  time(command: string): Promise<number>;
}

const name = 'bench/layer:latest';
const mount =
  'mkdir /tmp/layer && mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro layer /tmp/layer';

const storage = new StoreSupervision({
  spawn: browserSpawner(storeWorkerUrl),
  registryUrl: new URL('registry/', location.href).href,
  clock: systemClock,
  locks: navigator.locks,
});
const { remote } = storage;
const images = new Images({ remote });
const driver = createVmDriver({
  images: createMachineImages(createStoreClient(remote)),
  spawn: browserSpawner(vmWorkerUrl),
  supervisor: new Supervisor(systemClock),
  clock: systemClock,
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  agentProtocol: agentProtocolVersion,
  wasm: compileV86,
  memoryBudgetMiB: 1024,
});
let vm: VmInstance | undefined;

async function run(command: string): Promise<void> {
  if (!vm) throw new Error('No machine was started');
  const process = await vm.exec({ argv: ['/bin/sh', '-c', command] });
  await process.stdin.close();
  const [, complaint, code] = await Promise.all([
    process.stdout.pipeTo(new WritableStream()),
    new Response(process.stderr).text(),
    process.exited,
  ]);
  if (code !== 0) throw new Error(`"${command}" ended with ${code}: ${complaint}`);
}

const bench: NinePBench = {
  async store(fileBytes, files) {
    const content = new Uint8Array(fileBytes).map((_, index) => (index * 31) ^ (index >> 9));
    const entries: TarEntry[] = [
      { header: { name: 'large.bin', size: fileBytes, type: 'file', mode: 0o644 }, body: content },
      ...Array.from({ length: files }, (_, file) => {
        const path = `many/${file % 100}/file-${file}`;
        return { header: { name: path, size: 4, type: 'file', mode: 0o644 }, body: 'text' } satisfies TarEntry;
      }),
    ];
    const tar = await packTar(entries);
    await images.import(new Blob([tar as Uint8Array<ArrayBuffer>]), { reference: name });
  },
  async start() {
    const [layer] = (await images.select(name)).config.diffIds;
    if (!layer) throw new Error('The image has no layer');
    const shares = [{ tag: 'layer', layer }];
    const attachments = new ShareAttachments({
      shares: createShareClient(remote),
      session: 'bench',
      randomId: () => crypto.randomUUID(),
      storeLost: () => ({ dispose: () => {} }),
      clock: systemClock,
      failed: () => {},
    });
    const resources: InstanceResources = {
      hosts: () => '',
      attachNics: async () => [],
      openDisks: async () => [],
      openShares: () => attachments.attach(shares),
    };
    const spec: VmSpec = {
      kind: 'vm',
      name: 'bench',
      memoryMiB: 256,
      devices: 'virtio',
      containerHost: false,
      nics: [],
      shares,
    };
    vm = driver.create(spec, resources);
    await vm.start();
    await run(mount);
  },
  async time(command) {
    const begun = performance.now();
    await run(command);
    return performance.now() - begun;
  },
};

Object.assign(globalThis, { bench });
