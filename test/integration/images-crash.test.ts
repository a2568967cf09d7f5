import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { afterAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/base/fake-clock';
import { type Fault, FaultPlan } from '../../src/base/fault-plan-fixture';
import { chunksOf } from '../../src/base/streams';
import type { StoreSchema } from '../../src/storage/database';
import { FaultyIndexedDb } from '../../src/storage/faulty-idb-fixture';
import { archiveFiles } from '../../src/storage/images/archive-source';
import { collectBytes, makeImage, makeLayer, pieces, pullImage } from '../../src/storage/images/image-fixture';
import { checkImages, checkNothingLeft } from '../../src/storage/images/image-invariants-fixture';
import { ImageLibrary } from '../../src/storage/images/image-library';
import { loadImages } from '../../src/storage/images/load-images';
import { commitImage } from '../../src/storage/images/make-image';
import { saveImages } from '../../src/storage/images/save-images';
import { createMemoryContentStore, type OpenedStore, openIdbContentStore } from '../../src/storage/open-content-store';
import { randomId } from '../../src/storage/random-id';

const day = 24 * 60 * 60 * 1000;
const base = await makeLayer({ 'bin/sh': 'shell', 'etc/passwd': 'root' });
const change = await makeLayer({ 'etc/new': 'x' }, 'none');
const archive = await archiveOf(await makeImage([base]), 'docker.io/library/base:1');

async function archiveOf(image: Awaited<ReturnType<typeof makeImage>>, name: string): Promise<Uint8Array> {
  const { images } = createMemoryContentStore();
  await pullImage(images, image, name);
  return collectBytes(chunksOf(await saveImages(images, [name], 'docker-archive')));
}

/** Work on images, and what the names of all images are after it. */
interface Step {
  readonly work: (opened: OpenedStore, clock: FakeClock) => Promise<unknown>;
  readonly after: (names: readonly string[]) => readonly string[];
}

const name = (short: string): string => `docker.io/library/${short}`;
const adding = (short: string) => (names: readonly string[]) => [...names, name(short)].sort();
const removing = (short: string) => (names: readonly string[]) => names.filter((each) => each !== name(short));

const steps: Readonly<Record<'load' | 'commit' | 'tag' | 'remove' | 'collect', Step>> = {
  load: {
    work: ({ images }) => loadImages(images, archiveFiles({ kind: 'tar', pieces: pieces(archive, 4000) })),
    after: adding('base:1'),
  },
  commit: {
    work: ({ images }, clock) => commitImage(images, clock, 'base:1', pieces(change.bytes), { reference: 'more:1' }),
    after: adding('more:1'),
  },
  tag: {
    work: ({ images, store }) => new ImageLibrary(images, store).tag('base:1', 'base:2'),
    after: adding('base:2'),
  },
  remove: {
    work: ({ images, store }) => new ImageLibrary(images, store).remove('base:1'),
    after: removing('base:1'),
  },
  collect: { work: ({ images }) => images.collect(), after: (names) => names },
};

/** An error is told at most places like at their neighbours; after a crash each place leaves something else. */
const strides: Readonly<Record<Fault, number>> = { crash: 1, error: 3, delay: 1 };

interface Run {
  readonly plan: FaultPlan;
  /** The names as they may be: before and after the step, until it is acknowledged. */
  readonly possible: readonly (readonly string[])[];
  readonly refused: unknown;
}

async function open(databaseName: string, clock: FakeClock): Promise<OpenedStore> {
  return openIdbContentStore({ databaseName, clock, locks: undefined });
}

/** Takes the steps before without a fault, and the last with one on the way. */
async function run(
  databaseName: string,
  clock: FakeClock,
  plan: FaultPlan,
  before: readonly Step[],
  step: Step,
  errorName?: string,
): Promise<Run> {
  let names: readonly string[] = [];
  const prepared = await open(databaseName, clock);
  for (const each of before) {
    await each.work(prepared, clock);
    names = each.after(names);
  }
  await prepared.store.close();
  const opened = await open(databaseName, clock);
  const faulty = new FaultyIndexedDb(plan, errorName);
  let possible: Run['possible'] = [names, step.after(names)];
  let refused: unknown;
  const work = async (): Promise<void> => {
    try {
      await step.work(opened, clock);
      possible = [step.after(names)];
    } catch (error) {
      // It may have had its effect or not; that it is one of both is what is looked at.
      refused = error;
    }
    await opened.store.close();
  };
  await Promise.race([work(), faulty.crashed]);
  faulty.dispose();
  return { plan, possible, refused };
}

async function expectConsistent(databaseName: string, clock: FakeClock, { possible, plan }: Run): Promise<void> {
  const place = `after ${plan.fault} at ${plan.place}`;
  // As soon as it is opened again, before anything is cleaned up.
  const first = await open(databaseName, clock);
  const names = await checkImages(first);
  expect(
    possible.map((each) => each.join()),
    place,
  ).toContain(names.join());
  await first.store.close();
  await clock.advance(day);
  const opened = await open(databaseName, clock);
  await opened.images.collect();
  expect(await checkImages(opened), place).toEqual(names);
  await checkNothingLeft(opened);
  expect(await opened.records.list('imageLeases'), place).toEqual([]);
  await opened.store.close();
  const back = await openDB<StoreSchema>(databaseName);
  const contents = new Set((await back.getAll('blobs')).map(({ content }) => content));
  expect(
    (await back.getAllKeys('chunks')).filter(([content]) => !contents.has(content)),
    place,
  ).toEqual([]);
  expect(await back.count('ingests'), place).toBe(0);
  back.close();
  indexedDB.deleteDatabase(databaseName);
}

describe('images after a fault', () => {
  const { load, commit, tag, remove, collect } = steps;
  let runs = 0;
  afterAll(() => console.log(`${runs} faults in the work on images`));

  it('say with a code that there is no room at any step of a load', async () => {
    for (let at = 0; ; at += strides.error) {
      const [databaseName, clock] = [`test-${randomId()}`, new FakeClock()];
      const done = await run(databaseName, clock, new FaultPlan('error', at), [], load, 'QuotaExceededError');
      const { plan, refused } = done;
      if (plan.place?.endsWith('readwrite') && refused !== undefined) {
        expect(refused, plan.place).toMatchObject({
          code: 'ResourceExhausted',
          details: { needed: expect.any(Number) },
        });
      }
      await expectConsistent(databaseName, clock, done);
      if (!plan.happened) break;
    }
  });

  it.each<[string, Fault, readonly Step[], Step]>([
    ['load', 'crash', [], load],
    ['load', 'error', [], load],
    ['commit', 'crash', [load], commit],
    ['commit', 'error', [load], commit],
    ['tag', 'crash', [load], tag],
    ['tag', 'error', [load], tag],
    ['remove', 'crash', [load, commit], remove],
    ['remove', 'error', [load, commit], remove],
    ['collect', 'crash', [load], collect],
    ['collect', 'delay', [load], collect],
  ])(
    'at any step of a %s (%s) are whole, each name is there or not, and nothing is left over',
    async (_, fault, before, step) => {
      for (let at = 0; ; at += strides[fault]) {
        const databaseName = `test-${randomId()}`;
        const clock = new FakeClock();
        const done = await run(databaseName, clock, new FaultPlan(fault, at), before, step);
        await expectConsistent(databaseName, clock, done);
        runs += 1;
        if (!done.plan.happened) break;
      }
    },
  );
});
