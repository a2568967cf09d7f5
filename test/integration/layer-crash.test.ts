import 'fake-indexeddb/auto';
import { gzipSync } from 'node:zlib';
import { openDB } from 'idb';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/api/content-store';
import { FakeClock } from '../../src/base/fake-clock';
import { type Fault, FaultPlan } from '../../src/base/fault-plan-fixture';
import { digestOf } from '../../src/formats/digest';
import { entry, tarOf } from '../../src/formats/layer/layer-tar-fixture';
import type { StoreSchema } from '../../src/storage/database';
import { FaultyIndexedDb } from '../../src/storage/faulty-idb-fixture';
import { describeBlob, inChunks, layerTypes } from '../../src/storage/layers/layer-fixture';
import { LayerStore } from '../../src/storage/layers/layer-store';
import { type OpenedStore, openIdbContentStore } from '../../src/storage/open-content-store';
import { randomId } from '../../src/storage/random-id';

const chunkSize = 1500;
const day = 24 * 60 * 60 * 1000;

const tars = [
  await tarOf([entry.directory('etc'), entry.file('etc/a', 'a'.repeat(900))]),
  await tarOf([entry.file('b', ''), entry.symlink('c', 'b')]),
];
const [first, second] = tars.map((tar) => gzipSync(tar, { level: 1 }));
const [sharedTar] = tars;

/** Blobs of layers by name: the first two are one layer, once as gzip and once as it is. */
const blobs = {
  gzip: { bytes: first ?? new Uint8Array(), type: layerTypes.gzip },
  plain: { bytes: sharedTar ?? new Uint8Array(), type: layerTypes.none },
  other: { bytes: second ?? new Uint8Array(), type: layerTypes.gzip },
} as const;
type Name = keyof typeof blobs;
const digests: Readonly<Record<Name, Digest>> = {
  gzip: await digestOf(blobs.gzip.bytes),
  plain: await digestOf(blobs.plain.bytes),
  other: await digestOf(blobs.other.bytes),
};

interface Step {
  readonly do: 'put' | 'delete' | 'damaged';
  readonly name: Name;
}

const steps: readonly Step[] = [
  { do: 'put', name: 'gzip' },
  { do: 'put', name: 'plain' },
  { do: 'damaged', name: 'other' },
  { do: 'delete', name: 'gzip' },
  { do: 'delete', name: 'plain' },
];

async function perform({ store, records }: OpenedStore, step: Step): Promise<void> {
  const layers = new LayerStore(store, records);
  const { bytes, type } = blobs[step.name];
  if (step.do === 'delete') return layers.delete(digests[step.name]);
  const sent = step.do === 'damaged' ? bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)) : bytes;
  const put = layers.put(await describeBlob(bytes, type), inChunks(sent));
  if (step.do === 'put') await put;
  else await expectRefusal(put);
}

async function expectRefusal(put: Promise<unknown>): Promise<void> {
  const refused = await put.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!refused) throw new Error('A damaged blob was taken');
}

const after = (state: ReadonlySet<Name>, step: Step): ReadonlySet<Name> => {
  const next = new Set(state);
  if (step.do === 'put') next.add(step.name);
  if (step.do === 'delete') next.delete(step.name);
  return next;
};

const textOf = (names: Iterable<Name>): string => [...names].sort().join();

interface Run {
  readonly plan: FaultPlan;
  /** What may be there: what was acknowledged, with and without the steps that were not. */
  readonly possible: ReadonlySet<string>;
}

async function run(databaseName: string, clock: FakeClock, plan: FaultPlan, error?: string): Promise<Run> {
  const faulty = new FaultyIndexedDb(plan, error);
  let states: readonly ReadonlySet<Name>[] = [new Set()];
  const work = async (): Promise<void> => {
    const opened = await openIdbContentStore({ databaseName, chunkSize, clock, locks: undefined }).catch(
      () => undefined,
    );
    if (!opened) return;
    for (const step of steps) {
      const before = states;
      states = [...before, ...before.map((state) => after(state, step))];
      const done = await perform(opened, step).then(
        () => true,
        () => false,
      );
      if (done) states = before.map((state) => after(state, step));
    }
    await opened.store.close();
  };
  await Promise.race([work(), faulty.crashed]);
  faulty.dispose();
  return { plan, possible: new Set(states.map(textOf)) };
}

/** What a run left behind, seen much later by the next opening. */
async function expectConsistent(databaseName: string, clock: FakeClock, { plan, possible }: Run): Promise<void> {
  await clock.advance(day);
  const opened = await openIdbContentStore({ databaseName, chunkSize, clock, locks: undefined });
  const { store, records } = opened;
  const layers = new LayerStore(store, records);
  const stored = await layers.list();
  const names = stored.map(({ digest }) => (Object.keys(blobs) as Name[]).find((name) => digests[name] === digest));
  expect([...possible], `after ${plan.fault} at ${plan.place}`).toContain(textOf(names as Name[]));
  const needed = new Set<Digest>();
  for (const { digest, diffId, index } of stored) {
    for (const part of [digest, diffId, index]) {
      needed.add(part);
      expect(await digestOf(await store.read(part))).toBe(part);
    }
    expect((await layers.layer(diffId)).nodes.length).toBeGreaterThan(2);
  }
  // A layer is there with all it needs, and nothing is there without a layer.
  expect(new Set((await store.list()).map(({ digest }) => digest)), `${plan.fault} at ${plan.place}`).toEqual(needed);
  await expectNoStrays(databaseName);
  await perform(opened, { do: 'put', name: 'other' });
  expect(await layers.find(digests.other)).toBeDefined();
  await store.close();
}

async function expectNoStrays(databaseName: string): Promise<void> {
  const back = await openDB<StoreSchema>(databaseName);
  const contents = new Set((await back.getAll('blobs')).map(({ content }) => content));
  expect((await back.getAllKeys('chunks')).filter(([content]) => !contents.has(content))).toEqual([]);
  expect(await back.getAll('ingests')).toEqual([]);
  back.close();
}

/** Every place of the run, one after the other. Returns how many there are. */
async function tryAll(fault: Fault, error?: string): Promise<number> {
  for (let at = 0; ; at += 1) {
    const [databaseName, clock] = [randomId(), new FakeClock()];
    const made = await run(databaseName, clock, new FaultPlan(fault, at), error);
    if (!made.plan.happened) return at;
    await expectConsistent(databaseName, clock, made);
  }
}

describe('layers, whatever happens while they are put and deleted', () => {
  it('are there whole or not at all when the tab dies at any step', async () => {
    expect(await tryAll('crash')).toBeGreaterThan(60);
  });

  it('are there whole or not at all when there is no room at any step', async () => {
    expect(await tryAll('error', 'QuotaExceededError')).toBeGreaterThan(40);
  });

  it('are put all the same when the connection is lost at any step', async () => {
    expect(await tryAll('error', 'UnknownError')).toBeGreaterThan(40);
  });
});
