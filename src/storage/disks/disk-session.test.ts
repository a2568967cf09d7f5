import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createDeferred, type Deferred } from '../../base/deferred';
import { FakeClock } from '../../base/fake-clock';
import { BlockPortClient } from '../../rpc/block-port';
import { readGeneration } from './disk-model-fixture';
import type { DiskPlan } from './disk-plans';
import type { DiskRecords, LayerId } from './disk-records';
import { extentSize } from './extent';
import { LayeredDiskStore } from './layered-disk-store';
import { MemoryDiskBackend } from './memory-disk-backend';

/** A stop at one place of the backend: `reached` when somebody has come there, who waits for `go`. */
interface Gate {
  readonly reached: Deferred<void>;
  readonly go: Deferred<void>;
}
type Place = 'before change' | 'after change' | 'before read' | 'after read';

/** Memory whose next call can be stopped in front of its effect or behind it. */
class GatedBackend extends MemoryDiskBackend {
  readonly #gates = new Map<Place, Gate>();
  /** Extents that were asked for, in their order. */
  readonly asked: number[] = [];

  stop(place: Place): Gate {
    const gate = { reached: createDeferred<void>(), go: createDeferred<void>() };
    this.#gates.set(place, gate);
    return gate;
  }

  override async change<T>(plan: (records: DiskRecords) => DiskPlan<T>, needed?: number): Promise<T> {
    await this.#pass('before change');
    const result = await super.change(plan, needed);
    await this.#pass('after change');
    return result;
  }

  override async read(layer: LayerId, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.asked.push(index);
    await this.#pass('before read');
    const bytes = await super.read(layer, index);
    await this.#pass('after read');
    return bytes;
  }

  async #pass(place: Place): Promise<void> {
    const gate = this.#gates.get(place);
    this.#gates.delete(place);
    gate?.reached.resolve();
    await gate?.go.promise;
  }
}

const filled = (value: number, length = extentSize) => new Uint8Array(length).fill(value);

describe('a disk under requests that overlap', () => {
  let backend: GatedBackend;
  let store: LayeredDiskStore;
  let disk: string;
  const open = async () => {
    const client = new BlockPortClient(await store.open(disk));
    onTestFinished(() => client.close());
    return client;
  };
  beforeEach(async () => {
    backend = new GatedBackend();
    store = new LayeredDiskStore(backend, new FakeClock());
    disk = (await store.create({ sizeMiB: 1 })).id;
  });

  it('writes out what it was at one instant, whatever is written meanwhile', async () => {
    const client = await open();
    await client.write(0, filled(1));
    const gate = backend.stop('before change');
    const frozen = store.freeze(disk);
    await gate.reached.promise;
    await client.write(10, filled(2, 10));
    expect((await client.read(0, 11)).slice(9)).toEqual(Uint8Array.of(1, 2));
    gate.go.resolve();
    const bytes = await readGeneration(store, await frozen);
    expect(bytes.subarray(0, extentSize).every((byte) => byte === 1)).toBe(true);
    expect((await client.read(0, 11)).slice(9)).toEqual(Uint8Array.of(1, 2));
    await client.flush();
    expect(await store.info(disk)).toMatchObject({ changed: true });
  });

  it('does not take a flush under way for the flush of what is written after it', async () => {
    const client = await open();
    await client.write(0, filled(1));
    const gate = backend.stop('before change');
    const first = client.flush();
    await gate.reached.promise;
    await client.write(extentSize, filled(2));
    let second = false;
    const flushed = client.flush().then(() => {
      second = true;
    });
    expect((await client.read(extentSize, 1))[0]).toBe(2);
    expect(second).toBe(false);
    gate.go.resolve();
    await Promise.all([first, flushed]);
    expect((await store.info(disk)).storedBytes).toBe(2 * extentSize);
  });

  it('does not remember what a slow read brings after a write', async () => {
    const before = await open();
    await before.write(0, filled(1));
    await before.close();
    const client = await open();
    const gate = backend.stop('after read');
    const slow = client.read(0, 1);
    await gate.reached.promise;
    await client.write(0, filled(2));
    await client.flush();
    gate.go.resolve();
    await slow;
    expect((await client.read(0, 1))[0]).toBe(2);
    await client.write(1, filled(3, 1));
    expect(await client.read(0, 2)).toEqual(Uint8Array.of(2, 3));
  });

  it('puts two parts into one extent that neither had read', async () => {
    const before = await open();
    await before.write(0, filled(1));
    await before.close();
    const client = await open();
    const gate = backend.stop('before read');
    const parts = [client.write(0, filled(2, 10)), client.write(10, filled(3, 10))];
    await gate.reached.promise;
    gate.go.resolve();
    await Promise.all(parts);
    expect((await client.read(0, 21)).join()).toBe([...filled(2, 10), ...filled(3, 10), 1].join());
  });

  it('finds an extent that moved to another layer under its hands', async () => {
    const before = await open();
    await before.write(0, filled(1));
    await before.close();
    const first = await store.freeze(disk);
    const client = await open();
    await client.write(extentSize, filled(2, 5 * extentSize));
    await client.flush();
    const gate = backend.stop('after change');
    const deleted = store.deleteGeneration(first);
    await gate.reached.promise;
    // The extent has moved, and nobody has told the disk yet.
    const missed = backend.stop('after read');
    const read = client.read(0, 1);
    await missed.reached.promise;
    missed.go.resolve();
    gate.go.resolve();
    expect((await read)[0]).toBe(1);
    await deleted;
  });

  it('reads further and further ahead of a guest that goes straight on, and for no other', async () => {
    const before = await open();
    await before.write(0, filled(1, 16 * extentSize));
    await before.close();
    const client = await open();
    const askedBy = async (index: number): Promise<readonly number[]> => {
      const known = backend.asked.length;
      await client.read(index * extentSize, 4096);
      return backend.asked.slice(known);
    };
    expect(await askedBy(0)).toEqual([0]);
    expect(await askedBy(1)).toEqual([1, 2]);
    expect(await askedBy(2)).toEqual([3, 4]);
    expect(await askedBy(3)).toEqual([5, 6, 7]);
    expect(await askedBy(12)).toEqual([12]);
    expect(await askedBy(10)).toEqual([10]);
    expect(await askedBy(11)).toEqual([11]);
    expect(await askedBy(13)).toEqual([13]);
    expect(await askedBy(14)).toEqual([14, 15]);
    expect(await askedBy(15)).toEqual([]);
  });

  it('does not read an extent as it was before a write that came while it was read ahead', async () => {
    const before = await open();
    await before.write(0, filled(1, 4 * extentSize));
    await before.close();
    const client = await open();
    await client.read(0, 1);
    const gate = backend.stop('after read');
    await client.read(1, 1);
    await gate.reached.promise;
    await client.write(extentSize, filled(2));
    await client.flush();
    gate.go.resolve();
    expect((await client.read(extentSize, 1))[0]).toBe(2);
    expect(backend.asked.slice(0, 2)).toEqual([0, 1]);
  });

  it('says where the disk has lost bytes', async () => {
    const before = await open();
    await before.write(0, filled(1, 2 * extentSize));
    await before.close();
    backend.read = async () => undefined;
    const client = await open();
    await expect(client.read(extentSize + 5, 1)).rejects.toMatchObject({
      code: 'DataLoss',
      details: { disk, offset: extentSize },
    });
  });
});
