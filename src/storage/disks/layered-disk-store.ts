import type { DiskGeneration, DiskId, DiskInfo, DiskOpening, DiskSpec, DiskStore } from '../../api/disk';
import { type Clock, delay, systemClock } from '../../base/clock';
import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { type BlockPortServer, serveBlockPort } from '../../rpc/block-port';
import { randomId } from '../random-id';
import type { DiskBackend } from './disk-backend';
import {
  planCreate,
  planDelete,
  planDeleteGeneration,
  planFork,
  planFreeze,
  planOpen,
  planRevert,
  requireDisk,
} from './disk-plans';
import { chainOf, type DiskRecords, generationsOf, layersOf } from './disk-records';
import { DiskSession } from './disk-session';
import { extentSize } from './extent';

const mebibyte = 1024 * 1024;
const sectorBytes = 512;
/** One extent's number takes two bytes of memory while a disk is open: 2 MiB for the largest disk. */
const maxSizeMiB = 64 * 1024;
/**
 * No browser tells that the other end of a port has gone. So whoever has a disk is asked, when somebody else
 * wants it, and taken for dead after this time: a machine's worker that turns answers within a few slices.
 */
const probeTimeoutMs = 2000;

interface OpenDisk {
  readonly mark: string;
  /** Absent until it has been opened. */
  session?: DiskSession;
  server?: BlockPortServer;
  /** Resolves when the disk is free again. */
  readonly closed: Deferred<void>;
}

/** Disks as chains of layers in a {@link DiskBackend}. One of these has a backend to itself. */
export class LayeredDiskStore implements DiskStore {
  readonly #backend: DiskBackend;
  readonly #clock: Clock;
  readonly #open = new Map<DiskId, OpenDisk>();
  /** Whatever changes which layers there are follows one another; never rejects. */
  #tail: Promise<void> = Promise.resolve();

  constructor(backend: DiskBackend, clock: Clock = systemClock) {
    this.#backend = backend;
    this.#clock = clock;
  }

  async create({ sizeMiB }: DiskSpec): Promise<DiskInfo> {
    const sectors = (sizeMiB * mebibyte) / sectorBytes;
    if (!Number.isInteger(sectors) || sectors < 1 || sizeMiB > maxSizeMiB) {
      const message = `A disk has up to ${maxSizeMiB} MiB in sectors of ${sectorBytes} bytes, not ${sizeMiB} MiB`;
      throw new SandboxError('InvalidArgument', message);
    }
    const [id, head] = [randomId(), randomId()];
    await this.#backend.change((records) => planCreate(records, id, sizeMiB * mebibyte, head));
    return this.info(id);
  }

  fork(base: DiskGeneration): Promise<DiskInfo> {
    return this.#next(async () => {
      const [id, head] = [randomId(), randomId()];
      await this.#backend.change((records) => planFork(records, base, id, head));
      return this.info(id);
    });
  }

  async info(disk: DiskId): Promise<DiskInfo> {
    return this.#describe(await this.#backend.records(), disk);
  }

  async list(): Promise<readonly DiskInfo[]> {
    const records = await this.#backend.records();
    return Promise.all([...records.disks.keys()].sort().map((disk) => this.#describe(records, disk)));
  }

  async open(disk: DiskId, { mark, after }: DiskOpening = { mark: randomId() }): Promise<MessagePort> {
    await this.#untilFree(disk);
    // Nothing waits between that and this, so only one comes through.
    this.#requireFree(disk);
    const open: OpenDisk = { mark, closed: createDeferred() };
    this.#open.set(disk, open);
    try {
      open.session = await this.#next(() => this.#openSession(disk, mark, after));
    } catch (error) {
      this.#release(disk);
      throw error;
    }
    const { port1, port2 } = new MessageChannel();
    open.server = serveBlockPort(port1, open.session);
    return port2;
  }

  close(disk: DiskId): Promise<void> {
    // After an opening that is under way.
    return this.#next(async () => this.#open.get(disk)?.server?.close());
  }

  freeze(disk: DiskId, mark?: string): Promise<DiskGeneration> {
    return this.#next(async () => {
      const open = this.#open.get(disk);
      const session = open?.session;
      if (mark !== undefined && (open?.mark !== mark || session?.closed !== false)) {
        const message = `The store has ended since its machine opened the disk ${disk}; try again in a moment`;
        throw new SandboxError('Unavailable', message, { details: { disk } });
      }
      const head = randomId();
      if (session && !session.closed) return { disk, generation: await session.freeze(head) };
      // One that is closing has what belongs into the generation.
      await session?.close();
      const { generation } = await this.#backend.change((records) => planFreeze(records, disk, head));
      return { disk, generation };
    });
  }

  async revert(generation: DiskGeneration): Promise<void> {
    await this.#untilFree(generation.disk);
    await this.#next(async () => {
      this.#requireFree(generation.disk);
      await this.#backend.change((records) => planRevert(records, generation, randomId()));
    });
  }

  deleteGeneration(generation: DiskGeneration): Promise<void> {
    return this.#next(async () => {
      const { layers } = await this.#backend.records();
      const counts = new Map(
        await Promise.all([...layers.keys()].map(async (id) => [id, await this.#backend.count(id)] as const)),
      );
      const merged = await this.#backend.change((records) =>
        planDeleteGeneration(records, generation, (layer) => counts.get(layer) ?? 0),
      );
      if (!merged) return;
      for (const { session } of this.#open.values()) session?.replaceLayer(merged);
    });
  }

  async delete(disk: DiskId): Promise<void> {
    await this.#untilFree(disk);
    await this.#next(async () => {
      this.#requireFree(disk);
      await this.#backend.change((records) => planDelete(records, disk));
    });
  }

  /** Closes every disk that is open, flushed. */
  async dispose(): Promise<void> {
    await Promise.allSettled([...this.#open.keys()].map((disk) => this.close(disk)));
  }

  async #openSession(disk: DiskId, opener: string, after?: readonly string[]): Promise<DiskSession> {
    const plan = (records: DiskRecords) => planOpen(records, disk, opener, after);
    const { sizeBytes, layers } = await this.#backend.changeRelaxed(plan);
    const index = new Uint16Array(Math.ceil(sizeBytes / extentSize));
    for (const [number, layer] of layers.entries()) {
      for (const extent of await this.#backend.extents(layer)) index[extent] = number + 1;
    }
    return new DiskSession({
      backend: this.#backend,
      clock: this.#clock,
      disk,
      sizeBytes,
      opener,
      layers,
      index,
      settled: () => this.#tail,
      onClosed: () => this.#release(disk),
    });
  }

  async #describe(records: DiskRecords, id: DiskId): Promise<DiskInfo> {
    const { sizeBytes, base, head } = requireDisk(records, id);
    const counts = await Promise.all(layersOf(records, id).map((layer) => this.#backend.count(layer.id)));
    const [top, ...below] = chainOf(records, head);
    const others = [top, ...below].filter((layer) => layer !== undefined && layer.disk !== id);
    const shared = await Promise.all(others.map((layer) => (layer ? this.#backend.count(layer.id) : 0)));
    const own = below.find((layer) => layer.disk === id && layer.generation !== undefined);
    return {
      id,
      sizeBytes,
      storedBytes: sum(counts) * extentSize,
      sharedBytes: sum(shared) * extentSize,
      generations: generationsOf(records, id),
      ...(base && { base }),
      ...(own?.generation !== undefined && { head: own.generation }),
      changed: top !== undefined && (await this.#backend.count(top.id)) > 0,
    };
  }

  #release(disk: DiskId): void {
    this.#open.get(disk)?.closed.resolve();
    this.#open.delete(disk);
  }

  /** Frees a disk whose opener has died, and waits for one that is being closed. */
  async #untilFree(disk: DiskId): Promise<void> {
    const { session, server, closed } = this.#open.get(disk) ?? {};
    if (session && server && !session.closed) {
      const answered = new AbortController();
      const overdue = delay(this.#clock, probeTimeoutMs, answered.signal);
      const probed = server.probe().then(() => answered.abort());
      await Promise.race([probed, closed?.promise, overdue]);
      // It closes whether it can flush or not; whose data it was is no more.
      if (!answered.signal.aborted) await server.close().catch(() => undefined);
      answered.abort();
    }
    if (session?.closed) await closed?.promise;
    this.#requireFree(disk);
  }

  #requireFree(disk: DiskId): void {
    if (!this.#open.has(disk)) return;
    throw new SandboxError('FailedPrecondition', `The disk ${disk} is in use: stop the machine that has it first`, {
      details: { disk },
    });
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(work);
    this.#tail = run.then(
      () => undefined,
      () => undefined,
    );
    return run;
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
