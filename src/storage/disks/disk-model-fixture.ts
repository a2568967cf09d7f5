import fc from 'fast-check';
import { expect } from 'vitest';
import type { DiskGeneration, DiskId } from '../../api/disk';
import { systemClock } from '../../base/clock';
import { toSandboxError } from '../../base/errors';
import { BlockPortClient, blockRequestLimit } from '../../rpc/block-port';
import { CrashingBackend } from './crashing-backend-fixture';
import type { DiskBackend } from './disk-backend';
import { chainOf } from './disk-records';
import { extentSize } from './extent';
import { LayeredDiskStore } from './layered-disk-store';

export const modelSize = 1024 * 1024;

/** Opens the disk for the time of `work`. */
export async function withDisk<T>(
  store: LayeredDiskStore,
  disk: DiskId,
  work: (client: BlockPortClient) => Promise<T>,
): Promise<T> {
  const client = new BlockPortClient(await store.open(disk));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

export function readAll(client: BlockPortClient): Promise<Uint8Array<ArrayBuffer>> {
  return client.read(0, blockRequestLimit);
}

/** What a generation reads as: by a copy of it that goes again. */
export async function readGeneration(store: LayeredDiskStore, generation: DiskGeneration): Promise<Uint8Array> {
  const { id } = await store.fork(generation);
  try {
    return await withDisk(store, id, readAll);
  } finally {
    await store.delete(id);
  }
}

export type Step =
  | { readonly do: 'write'; readonly offset: number; readonly length: number; readonly value: number }
  | { readonly do: 'flush' | 'freeze' | 'close' | 'revert' | 'fork' | 'delete generation'; readonly pick: number }
  | { readonly do: 'crash'; readonly transactions: number; readonly after: boolean };

const write = fc.record({
  do: fc.constant('write' as const),
  // Anywhere, and often at the edges of extents, whole ones too.
  offset: fc.oneof(
    fc.nat(modelSize - 1),
    fc.nat(modelSize / extentSize - 1).map((index) => index * extentSize),
  ),
  length: fc.oneof(fc.integer({ min: 1, max: 3 * extentSize }), fc.constant(extentSize)),
  value: fc.nat(3),
});
const other = fc.record({
  do: fc.constantFrom('flush' as const, 'freeze', 'close', 'revert', 'fork', 'delete generation'),
  pick: fc.nat(100),
});
const crash = fc.record({
  do: fc.constant('crash' as const),
  transactions: fc.integer({ min: 1, max: 4 }),
  after: fc.boolean(),
});

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof({ weight: 6, arbitrary: write }, { weight: 6, arbitrary: other }, { weight: 1, arbitrary: crash }),
  { minLength: 5, maxLength: 40 },
);

/** Runs steps on a disk store and on plain arrays, and compares what they read as, crashes included. */
export class DiskModel {
  readonly #backend: DiskBackend;
  #crashing: CrashingBackend;
  #store: LayeredDiskStore;
  #client: BlockPortClient | undefined;
  #disk: DiskId = '';
  /** What the disk may be after a crash, oldest first; the last is what it is now. */
  #states: Uint8Array[] = [new Uint8Array(modelSize)];
  readonly #generations = new Map<string, { readonly generation: DiskGeneration; readonly bytes: Uint8Array }>();

  constructor(backend: DiskBackend) {
    this.#backend = backend;
    this.#crashing = new CrashingBackend(backend);
    this.#store = new LayeredDiskStore(this.#crashing, systemClock);
  }

  async run(all: readonly Step[]): Promise<void> {
    this.#disk = (await this.#store.create({ sizeMiB: 1 })).id;
    for (const step of all) {
      try {
        await this.#take(step);
      } catch (error) {
        if (toSandboxError(error).code !== 'Unavailable' || !this.#crashing.crashed) throw error;
        await this.#recover();
      }
    }
    await this.#recover();
    await this.#check();
    await this.#removeAll();
  }

  get #now(): Uint8Array {
    return this.#states[this.#states.length - 1] ?? new Uint8Array();
  }

  async #take(step: Step): Promise<void> {
    switch (step.do) {
      case 'crash':
        this.#crashing.crashAt(step.transactions, step.after);
        return;
      case 'write':
        return this.#write(step);
      case 'flush':
        await (await this.#open()).flush();
        this.#settleOn(this.#now);
        return;
      case 'freeze':
        return this.#freeze();
      case 'close':
        return this.#close();
      default:
        return this.#withGeneration(step.do, step.pick);
    }
  }

  async #open(): Promise<BlockPortClient> {
    this.#client ??= new BlockPortClient(await this.#store.open(this.#disk));
    return this.#client;
  }

  async #close(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
    this.#settleOn(this.#now);
  }

  async #write({ offset, length, value }: Step & { do: 'write' }): Promise<void> {
    const client = await this.#open();
    const bytes = new Uint8Array(Math.min(length, modelSize - offset)).fill(value);
    const next = this.#now.slice();
    next.set(bytes, offset);
    this.#states.push(next);
    await client.write(offset, bytes);
    expect(same(await readAll(client), next)).toBe(true);
  }

  async #freeze(): Promise<void> {
    const last = this.#generations.size === 0 ? 0 : ((await this.#store.info(this.#disk)).generations.at(-1) ?? 0);
    try {
      this.#remember(await this.#store.freeze(this.#disk));
      this.#settleOn(this.#now);
    } catch (error) {
      // It may have come about all the same: then it is what the disk was, as any other.
      const records = await this.#backend.records();
      const frozen = [...records.layers.values()].find(
        ({ disk, generation }) => disk === this.#disk && generation !== undefined && generation > last,
      );
      if (frozen?.generation !== undefined && !this.#knows(this.#disk, frozen.generation)) {
        this.#remember({ disk: this.#disk, generation: frozen.generation });
      }
      throw error;
    }
  }

  async #withGeneration(what: 'revert' | 'fork' | 'delete generation', pick: number): Promise<void> {
    const known = [...this.#generations.values()];
    const picked = known[pick % known.length];
    if (!picked) return;
    const { generation, bytes } = picked;
    if (what === 'delete generation') {
      // Not to be relied on from the moment it is asked for.
      this.#generations.delete(keyOf(generation));
      await this.#store.deleteGeneration(generation);
      return;
    }
    await this.#close();
    if (what === 'fork') {
      const before = this.#disk;
      this.#disk = (await this.#store.fork(generation)).id;
      this.#settleOn(bytes);
      await this.#store.delete(before);
      return;
    }
    if (generation.disk !== this.#disk) return;
    this.#states.push(bytes);
    await this.#store.revert(generation);
    this.#settleOn(bytes);
  }

  /** A new store over what the crash has left; the disk is at one of the states it may be in. */
  async #recover(): Promise<void> {
    this.#crashing.crashed = true;
    await this.#client?.close().catch(() => undefined);
    this.#client = undefined;
    this.#crashing = new CrashingBackend(this.#backend);
    this.#store = new LayeredDiskStore(this.#crashing, systemClock);
    const found = await withDisk(this.#store, this.#disk, readAll);
    expect(this.#states.some((state) => same(state, found))).toBe(true);
    this.#settleOn(found);
  }

  async #check(): Promise<void> {
    for (const { generation, bytes } of this.#generations.values()) {
      expect(same(await readGeneration(this.#store, generation), bytes)).toBe(true);
    }
    const records = await this.#backend.records();
    for (const { id, head } of records.disks.values()) {
      const chain = chainOf(records, head);
      expect(chain.at(-1)?.parent, `the chain of ${id} ends at a root`).toBeUndefined();
    }
  }

  /** Nothing is left when everything was deleted. */
  async #removeAll(): Promise<void> {
    for (const { id, generations } of await this.#store.list()) {
      for (const generation of generations) await this.#store.deleteGeneration({ disk: id, generation });
    }
    const { layers } = await this.#backend.records();
    for (const { id } of await this.#store.list()) await this.#store.delete(id);
    expect(await this.#store.list()).toEqual([]);
    expect((await this.#backend.records()).layers.size).toBe(0);
    for (const layer of layers.keys()) expect(await this.#backend.count(layer)).toBe(0);
  }

  #remember(generation: DiskGeneration): void {
    this.#generations.set(keyOf(generation), { generation, bytes: this.#now });
  }

  #knows(disk: DiskId, generation: number): boolean {
    return this.#generations.has(keyOf({ disk, generation }));
  }

  #settleOn(state: Uint8Array): void {
    this.#states = [state];
  }
}

function keyOf({ disk, generation }: DiskGeneration): string {
  return `${disk}@${generation}`;
}

/** Not toEqual: it takes seconds for a megabyte. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
