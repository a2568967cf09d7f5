import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Instance, TerminalSize, VmSpec } from '../../src/api/instance';
import type { MachineImageSource } from '../../src/api/machine';
import { systemClock } from '../../src/base/clock';
import { createMachineImages } from '../../src/engine/machine-images';
import type { ArtifactLoader } from '../../src/engine/store-client';
import { agentProtocolVersion } from '../../src/formats/agent';
import { inProcessSpawner, nodeSpawner } from '../../src/rpc/spawn-node';
import type { SpawnWorker, WorkerHandle } from '../../src/rpc/worker-handle';
import { Supervisor } from '../../src/runtime/supervisor';
import { compileV86 } from '../../src/runtime/vm/v86-wasm-node';
import { createVmDriver, type VmDriver } from '../../src/runtime/vm/vm-driver';
import { serveVm } from '../../src/runtime/vm/vm-worker';
import { StoreService } from '../../src/storage/store-service';

/** Where the runs are: every machine in a thread of its own, or all in this one. */
export const threads: SpawnWorker = nodeSpawner(new URL('../../workers/vm.node.ts', import.meta.url));
export const oneProcess: SpawnWorker = inProcessSpawner((port) => serveVm(port, compileV86));

export interface NodeLab {
  readonly driver: VmDriver;
  readonly images: MachineImageSource;
  readonly supervisor: Supervisor;
  /** Ends a worker behind the runtime's back, as a crash would. */
  endWorker(name: string): void;
  /** The name of the worker that was started last. */
  newestWorker(): string;
  dispose(): Promise<void>;
}

export interface NodeLabOptions {
  readonly spawn?: SpawnWorker;
  /** See `VmDriverOptions`. */
  readonly spawnOn?: (host: string) => SpawnWorker;
  readonly images?: (images: MachineImageSource) => MachineImageSource;
  readonly memoryBudgetMiB?: number;
}

/** The runtime with real guests in Node: artifacts from public/registry through the real store, in memory. */
export async function createNodeLab(options: NodeLabOptions = {}): Promise<NodeLab> {
  const store = new StoreService({ fetch: fetchFile });
  await store.open(new URL('../../public/registry/', import.meta.url).href);
  const loader: ArtifactLoader = {
    resolve: (reference) => store.resolve(reference),
    load: (request, { onProgress } = {}) => store.loadArtifact(request, onProgress),
  };
  const stored = createMachineImages(loader);
  const images = options.images?.(stored) ?? stored;
  const supervisor = new Supervisor(systemClock);
  const handles = new Map<string, WorkerHandle>();
  const spawn = options.spawn ?? threads;
  const driver = createVmDriver({
    images,
    spawn: (name) => {
      const handle = spawn(name);
      handles.set(name, handle);
      return handle;
    },
    ...(options.spawnOn && { spawnOn: options.spawnOn }),
    supervisor,
    clock: systemClock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    agentProtocol: agentProtocolVersion,
    wasm: compileV86,
    memoryBudgetMiB: options.memoryBudgetMiB ?? 8192,
  });
  return {
    driver,
    images,
    supervisor,
    endWorker: (name) => handles.get(name)?.terminate(),
    newestWorker: () => [...handles.keys()].at(-1) ?? '',
    async dispose() {
      supervisor.dispose();
      await store.close();
    },
  };
}

/** The fetch of a static server, for files of this checkout. */
async function fetchFile(url: string | URL | Request): Promise<Response> {
  try {
    return new Response(new Uint8Array(await readFile(fileURLToPath(String(url)))));
  } catch {
    return new Response('Not found', { status: 404 });
  }
}

export const smallVm: VmSpec = { kind: 'vm', name: 'test', memoryMiB: 64, devices: 'virtio', containerHost: false };

/** What a program printed and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a shell command in the guest to its end. */
export async function shell(instance: Instance, command: string, terminal?: TerminalSize): Promise<Outcome> {
  const process = await instance.exec({ argv: ['/bin/sh', '-c', command], ...(terminal && { terminal }) });
  void process.stdin.close().catch(() => {});
  const [stdout, stderr, code] = await Promise.all([
    new Response(process.stdout).text(),
    new Response(process.stderr).text(),
    process.exited,
  ]);
  return { code, stdout, stderr };
}

/** Seconds by which the guest's clock, which is read in whole seconds, is certainly wrong. */
export async function clockError(instance: Instance): Promise<number> {
  const before = Date.now() / 1000;
  const seconds = Number((await shell(instance, 'date +%s')).stdout);
  const after = Date.now() / 1000;
  return Math.max(0, before - (seconds + 1), seconds - after);
}

/** The console as text; `until` resolves once it has printed something after `from`. */
export class ConsoleReader {
  #text = '';
  readonly #attachment;
  #wake: () => void = () => {};

  constructor(instance: Instance) {
    this.#attachment = instance.attachConsole(({ bytes }) => {
      this.#text += new TextDecoder().decode(bytes);
      queueMicrotask(() => this.#attachment.acknowledge(bytes.length));
      this.#wake();
    });
  }

  get text(): string {
    return this.#text;
  }

  type(text: string): void {
    this.#attachment.write(new TextEncoder().encode(text));
  }

  async until(expected: string): Promise<string> {
    while (!this.#text.includes(expected)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#text;
  }

  dispose(): void {
    this.#attachment.dispose();
  }
}
