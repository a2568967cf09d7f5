import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DiskId } from '../../api/disk';
import { FakeClock } from '../../base/fake-clock';
import { blockRequestLimit } from '../../rpc/block-port';
import { LastingBlockClient } from '../../rpc/lasting-block-client';
import { CrashingBackend } from './crashing-backend-fixture';
import { modelSize, readAll, same, withDisk } from './disk-model-fixture';
import { extentSize } from './extent';
import { LayeredDiskStore } from './layered-disk-store';
import { MemoryDiskBackend } from './memory-disk-backend';

/** The store's worker, which dies and is started again over what it had stored. */
class MortalStore {
  readonly backend = new MemoryDiskBackend();
  #crashing = new CrashingBackend(this.backend);
  store = new LayeredDiskStore(this.#crashing, new FakeClock());
  /** The one that has the disk open. */
  opened = this.store;
  #life = 0;
  #wire: { left: number; die: () => void } | undefined;

  /** The far end of a port of the store that goes silent after so many messages, and takes the store along. */
  async open(disk: DiskId, messages: number, loudly: boolean): Promise<MessagePort> {
    const before = this.#life;
    this.#life += 1;
    const after = before > 0 ? { after: [`life-${before}`] } : {};
    this.opened = this.store;
    const inner = await this.store.open(disk, { mark: `life-${this.#life}`, ...after });
    const { port1, port2 } = new MessageChannel();
    const wire = {
      left: messages,
      die: () => {
        wire.left = 0;
        inner.onmessage = null;
        port1.onmessage = null;
        if (loudly) port1.close();
      },
    };
    const pass = (to: MessagePort) => (event: MessageEvent) => {
      wire.left -= 1;
      if (wire.left < 0) this.die();
      else to.postMessage(event.data);
    };
    port1.onmessage = pass(inner);
    inner.onmessage = pass(port1);
    this.#wire = wire;
    return port2;
  }

  /** Nothing that it had begun comes to an end. */
  die(): void {
    this.#wire?.die();
    this.#crashing.crashed = true;
    this.#crashing = new CrashingBackend(this.backend);
    this.store = new LayeredDiskStore(this.#crashing, new FakeClock());
  }
}

const block = 4096;
const request = fc.record({
  do: fc.constantFrom('write' as const, 'write', 'write', 'read', 'flush'),
  /** Mostly at the same places, so that writes meet. */
  at: fc.oneof(fc.nat(7), fc.nat(modelSize / block - 1)),
  value: fc.integer({ min: 1, max: 255 }),
});
/** Requests of one batch are under way together. */
const batches = fc.array(fc.array(request, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 15 });
/** After how many messages each of the lives ends, and whether that is told. */
const lives = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.boolean()), { maxLength: 6 });

describe('a disk of a store that dies again and again', () => {
  it('is to its machine what a plain array is, and has what was flushed when the machine ends, too', async () => {
    await fc.assert(
      fc.asyncProperty(batches, lives, async (all, deaths) => {
        const mortal = new MortalStore();
        const { id } = await mortal.store.create({ sizeMiB: 1 });
        const left = [...deaths];
        const openNext = () => {
          const [messages, loudly] = left.shift() ?? [Number.POSITIVE_INFINITY, false];
          return mortal.open(id, messages, loudly);
        };
        const client = new LastingBlockClient(
          { port: await openNext(), unflushed: [] },
          { clock: new FakeClock(), maxUnflushed: 10 * block },
        );
        const array = new Uint8Array(modelSize);
        let flushed = array.slice();
        const writtenSince = new Map<number, Set<number>>();
        for (const batch of all) {
          // Two at the same place that are under way together have no order.
          const places = new Set<number>();
          const requests = batch.filter(({ do: what, at }) => what === 'flush' || (!places.has(at) && places.add(at)));
          const before = array.slice();
          const begun = requests.map(async ({ do: what, at, value }) => {
            if (what === 'flush') await client.flush();
            else if (what === 'read') {
              const found = await client.read(at * block, block);
              expect(same(found, before.subarray(at * block, (at + 1) * block))).toBe(true);
            } else {
              array.fill(value, at * block, (at + 1) * block);
              await client.write(at * block, new Uint8Array(block).fill(value));
            }
          });
          await within(mortal, client, openNext, Promise.all(begun));
          for (const { do: what, at, value } of requests) {
            if (what !== 'write') continue;
            const values = writtenSince.get(at) ?? new Set();
            writtenSince.set(at, values.add(value));
          }
          const sole = requests.length === 1 && requests[0]?.do === 'flush';
          if (sole) {
            flushed = array.slice();
            writtenSince.clear();
          }
        }
        const found = await within(mortal, client, openNext, client.read(0, blockRequestLimit));
        expect(same(found, array)).toBe(true);
        // The power goes: the machine ends with the store.
        client.fail(new Error('Over') as never);
        mortal.die();
        const durable = await withDisk(mortal.store, id, readAll);
        for (let at = 0; at < modelSize / block; at += 1) {
          const allowed = new Set([flushed[at * block], ...(writtenSince.get(at) ?? [])]);
          expect(allowed.has(durable[at * block] ?? -1), `block ${at}`).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is not opened anew under a machine when somebody else has had it meanwhile', async () => {
    const mortal = new MortalStore();
    const { id } = await mortal.store.create({ sizeMiB: 1 });
    await mortal.open(id, Number.POSITIVE_INFINITY, true);
    mortal.die();
    await withDisk(mortal.store, id, async (client) => client.write(0, new Uint8Array(extentSize).fill(1)));
    await expect(mortal.open(id, 1, true)).rejects.toMatchObject({ code: 'FailedPrecondition', details: { disk: id } });
  });

  it('is frozen only through the opening that has what its machine wrote', async () => {
    const mortal = new MortalStore();
    const { id } = await mortal.store.create({ sizeMiB: 1 });
    const client = new LastingBlockClient({ port: await mortal.open(id, 1000, true), unflushed: [] });
    await client.write(0, new Uint8Array(block).fill(1));
    mortal.die();
    const late = { code: 'Unavailable', details: { disk: id } };
    await expect(mortal.store.freeze(id, 'life-1')).rejects.toMatchObject(late);
    client.renew(await mortal.open(id, 1000, true));
    await expect(mortal.store.freeze(id, 'life-1')).rejects.toMatchObject(late);
    await client.settled();
    const generation = await mortal.store.freeze(id, 'life-2');
    client.markDurable();
    client.dispose();
    await mortal.store.close(id);
    const copy = await mortal.store.fork(generation);
    const bytes = await withDisk(mortal.store, copy.id, readAll);
    expect(bytes[0]).toBe(1);
  });

  it('cannot be opened anew after a freeze that its machine knows nothing of', async () => {
    const mortal = new MortalStore();
    const { id } = await mortal.store.create({ sizeMiB: 1 });
    await mortal.open(id, 1000, true);
    mortal.die();
    await mortal.store.freeze(id);
    await expect(mortal.open(id, 1, true)).rejects.toMatchObject({ code: 'FailedPrecondition' });
  });
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The outcome of the work, with the disk opened anew whenever its store has died. */
async function within<T>(
  mortal: MortalStore,
  client: LastingBlockClient,
  openNext: () => Promise<MessagePort>,
  work: Promise<T>,
): Promise<T> {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  done.catch(() => {});
  while (!over) {
    if (mortal.opened !== mortal.store) client.renew(await openNext());
    await turn();
  }
  return done;
}
