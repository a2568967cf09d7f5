import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { openDB } from 'idb';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/api/content-store';
import type { RecordChange } from '../../src/api/records';
import { FakeClock } from '../../src/base/fake-clock';
import { type Fault, FaultPlan } from '../../src/base/fault-plan-fixture';
import { digestOf } from '../../src/formats/digest';
import { patternBytes } from '../../src/storage/content-store.conformance';
import type { StoreSchema } from '../../src/storage/database';
import { FaultyIndexedDb } from '../../src/storage/faulty-idb-fixture';
import { type OpenedStore, openIdbContentStore } from '../../src/storage/open-content-store';
import { randomId } from '../../src/storage/random-id';

const chunkSize = 100;
const day = 24 * 60 * 60 * 1000;

/** One step of a run; blobs and records are named by small numbers. */
type Step =
  | { readonly do: 'ingest'; readonly blob: number }
  | { readonly do: 'delete'; readonly blob: number }
  | { readonly do: 'abort'; readonly blob: number }
  | { readonly do: 'apply'; readonly keys: readonly number[]; readonly value: number | undefined }
  | { readonly do: 'note' };

type Apply = Extract<Step, { readonly do: 'apply' }>;

const blobs = [0, 1, 2, 3].map((seed) => patternBytes(seed * 130, seed + 1));
const digests = await Promise.all(blobs.map((bytes) => digestOf(bytes)));

/** What a store must hold after acknowledged steps; of a step that was not, all or nothing. */
class Model {
  readonly blobs = new Set<Digest>();
  readonly records = new Map<string, unknown>();

  copy(): Model {
    const model = new Model();
    for (const digest of this.blobs) model.blobs.add(digest);
    for (const [key, value] of this.records) model.records.set(key, value);
    return model;
  }

  after(step: Step): Model {
    const model = this.copy();
    if (step.do === 'ingest') model.blobs.add(digestOfBlob(step.blob));
    if (step.do === 'delete') model.blobs.delete(digestOfBlob(step.blob));
    if (step.do === 'apply') {
      for (const key of step.keys) {
        if (step.value === undefined) model.records.delete(`r${key}`);
        else model.records.set(`r${key}`, step.value);
      }
    }
    return model;
  }

  get text(): string {
    return JSON.stringify([[...this.blobs].sort(), [...this.records].sort(([a], [b]) => (a < b ? -1 : 1))]);
  }
}

function digestOfBlob(blob: number): Digest {
  const digest = digests[blob];
  if (!digest) throw new Error(`No blob ${blob}`);
  return digest;
}

async function perform({ store, records, metadata }: OpenedStore, step: Step): Promise<void> {
  if (step.do === 'ingest' || step.do === 'abort') {
    const bytes = blobs[step.blob] ?? new Uint8Array();
    const ingest = await store.ingest(step.do === 'ingest' ? { digest: digestOfBlob(step.blob) } : {});
    for (let from = 0; from < bytes.length; from += 70) await ingest.write(bytes.subarray(from, from + 70));
    await (step.do === 'ingest' ? ingest.commit() : ingest.abort());
  } else if (step.do === 'delete') await store.delete(digestOfBlob(step.blob));
  else if (step.do === 'note') await metadata.put('note', 'text');
  else await records.apply(changesOf(step));
}

function changesOf({ keys, value }: Apply): readonly RecordChange[] {
  return keys.map((key) => {
    const change = { collection: key % 2 === 0 ? 'instances' : 'networks', key: `r${key}` } as const;
    return value === undefined ? change : { ...change, value };
  });
}

/** What the store shows, every blob read and its digest computed anew. */
async function observe({ store, records }: OpenedStore): Promise<Model> {
  const model = new Model();
  for (const { digest } of await store.list()) {
    expect(await digestOf(await store.read(digest))).toBe(digest);
    model.blobs.add(digest);
  }
  for (const collection of ['instances', 'networks'] as const) {
    for (const { key, value } of await records.list(collection)) model.records.set(key, value);
  }
  return model;
}

/** Nothing is kept that belongs to no blob. */
async function expectNoLeaks(databaseName: string): Promise<void> {
  const back = await openDB<StoreSchema>(databaseName);
  const contents = new Set((await back.getAll('blobs')).map(({ content }) => content));
  const strays = (await back.getAllKeys('chunks')).filter(([content]) => !contents.has(content));
  expect(strays).toEqual([]);
  expect(await back.getAll('ingests')).toEqual([]);
  back.close();
}

interface Run {
  readonly plan: FaultPlan;
  /** What is acknowledged, and what the step under way would have made of it. */
  readonly possible: readonly Model[];
  readonly refused: unknown;
}

/** Opens a store and takes the steps, with one fault on the way; after an error it goes on with the rest. */
async function run(
  databaseName: string,
  clock: FakeClock,
  plan: FaultPlan,
  steps: readonly Step[],
  error?: string,
): Promise<Run> {
  const faulty = new FaultyIndexedDb(plan, error);
  let possible = [new Model()];
  let refused: unknown;
  const work = async (): Promise<void> => {
    const opened = await openIdbContentStore({ databaseName, chunkSize, clock, locks: undefined }).catch((thrown) => {
      refused = thrown;
    });
    if (!opened) return;
    for (const step of steps) {
      const before = possible;
      possible = [...before, ...before.map((model) => model.after(step))];
      try {
        await perform(opened, step);
        possible = before.map((model) => model.after(step));
      } catch (thrown) {
        refused = thrown;
      }
    }
    await opened.store.close();
  };
  await Promise.race([work(), faulty.crashed]);
  faulty.dispose();
  return { plan, possible, refused };
}

/** Opens what a run left behind, much later, and looks at all of it. */
async function expectConsistent(databaseName: string, clock: FakeClock, { possible, plan }: Run): Promise<void> {
  await clock.advance(day);
  const opened = await openIdbContentStore({ databaseName, chunkSize, clock, locks: undefined });
  const { text } = await observe(opened);
  expect(
    possible.map((model) => model.text),
    `after ${plan.fault} at ${plan.place}`,
  ).toContain(text);
  await expectNoLeaks(databaseName);
  // And it still works.
  const step: Step = { do: 'ingest', blob: 3 };
  await perform(opened, step);
  expect((await observe(opened)).blobs.has(digestOfBlob(3))).toBe(true);
  await opened.store.close();
}

const steps: readonly Step[] = [
  { do: 'ingest', blob: 2 },
  { do: 'apply', keys: [1, 2, 3], value: 1 },
  { do: 'ingest', blob: 0 },
  { do: 'note' },
  { do: 'ingest', blob: 2 },
  { do: 'abort', blob: 3 },
  { do: 'delete', blob: 2 },
  { do: 'apply', keys: [2, 4], value: 2 },
  { do: 'ingest', blob: 1 },
  { do: 'apply', keys: [1, 4], value: undefined },
];

/** Every place of the run, one after the other. Returns how many there are. */
async function tryAll(fault: Fault, check: (made: Run) => void, error?: string): Promise<number> {
  for (let at = 0; ; at += 1) {
    const [databaseName, clock] = [randomId(), new FakeClock()];
    const made = await run(databaseName, clock, new FaultPlan(fault, at), steps, error);
    if (!made.plan.happened) return at;
    check(made);
    await expectConsistent(databaseName, clock, made);
  }
}

describe('the store, whatever happens on the way', () => {
  it('keeps what it acknowledged, and nothing half done, when the tab dies at any step', async () => {
    let unacknowledged = 0;
    const places = await tryAll('crash', ({ possible }) => {
      expect(possible.length).toBeLessThanOrEqual(2);
      if (possible.length === 2) unacknowledged += 1;
    });
    expect(places).toBeGreaterThan(80);
    expect(unacknowledged).toBeGreaterThan(50);
  });

  it('says with a code that there is no room at any step, goes on, and leaves nothing behind', async () => {
    const untold: string[] = [];
    const places = await tryAll(
      'error',
      ({ plan, refused }) => {
        // What only reads has no need of room, and an upgrade that failed is tried again.
        if (!plan.place?.endsWith('readwrite')) return;
        if (refused === undefined) untold.push(plan.place);
        else expect(refused).toMatchObject({ code: 'ResourceExhausted' });
      },
      'QuotaExceededError',
    );
    // One chunk, the last of the ingest that is given up while it is written: nobody wants to know.
    expect(untold).toEqual(['idb.request readwrite', 'idb.request readwrite', 'idb.commit readwrite']);
    expect(places).toBeGreaterThan(60);
  });

  it.each(['UnknownError', 'AbortError'])(
    'opens the database again and repeats what a lost connection undid (%s)',
    async (name) => {
      const places = await tryAll(
        'error',
        ({ refused }) => {
          if (refused !== undefined) expect(String(refused)).toContain('Failpoint');
        },
        name,
      );
      expect(places).toBeGreaterThan(60);
    },
  );

  it('does not mind when a step takes long', async () => {
    await tryAll('delay', ({ possible, refused }) => {
      expect(refused).toBeUndefined();
      expect(possible).toHaveLength(1);
    });
  });

  it('keeps its promises over any run with any fault anywhere', async () => {
    const blob = fc.integer({ min: 0, max: 2 });
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({ do: fc.constantFrom('ingest', 'ingest', 'delete', 'abort'), blob }) as fc.Arbitrary<Step>,
      fc.record({
        do: fc.constant('apply' as const),
        keys: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
        value: fc.option(fc.integer(), { nil: undefined }),
      }),
    );
    const fault = fc.record({
      fault: fc.constantFrom<Fault>('crash', 'crash', 'error', 'delay'),
      error: fc.constantFrom('UnknownError', 'AbortError', 'QuotaExceededError'),
      at: fc.integer({ min: 0, max: 120 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 10 }),
        fault,
        async (taken, { fault: kind, at, error }) => {
          const [databaseName, clock] = [randomId(), new FakeClock()];
          const made = await run(databaseName, clock, new FaultPlan(kind, at), taken, error);
          await expectConsistent(databaseName, clock, made);
        },
      ),
      { numRuns: 50 },
    );
  });
});
