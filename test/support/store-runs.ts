import type { BrowserContext } from 'playwright-core';
import type { Digest } from '../../src/api/content-store';
import { isLinearizable } from '../../src/base/linearizable-fixture';
import type { SeededRandom } from '../../src/base/seeded-random';
import { openTab, type StoreLab, type StoreTab } from './store-lab';
import type { RecordOperation } from './store-page/store-page';

/** Runs over real tabs that end with an error when a promise is broken. Tests take small counts, the soak full ones. */
const mebibyte = 1024 * 1024;

/** How far the clocks of two tabs may be apart; milliseconds. */
const clockSlackMs = 2;

export interface KillReport {
  readonly kills: number;
  /** Kills before the ingest was committed; the others came too late to interrupt it. */
  readonly interrupted: number;
  /** The longest that a lock outlived its owner; milliseconds. */
  readonly slowestLockMs: number;
  /** The longest from a worker's death to the next one's opening; milliseconds. */
  readonly slowestRestartMs: number;
}

/**
 * A page is closed, or its store's worker ends, in the middle of an ingest.
 * What it left is collected, its lock is let go, and the other tab goes on undisturbed.
 */
export async function killInMidIngest(lab: StoreLab, kills: number, random: SeededRandom): Promise<KillReport> {
  const context = await lab.newContext();
  const bystander = await openTab(lab, context);
  let [interrupted, slowestLockMs, slowestRestartMs] = [0, 0, 0];
  for (let kill = 0; kill < kills; kill += 1) {
    const victim = await openTab(lab, context);
    const seed = 1000 + kill;
    const size = (24 + random.below(24)) * mebibyte;
    const before = await bystander.store.evaluate((store) => store.inside());
    await victim.store.evaluate((store, given) => store.beginPut(given.seed, given.size), { seed, size });
    await until(
      'the ingest has begun',
      () => bystander.store.evaluate((store) => store.inside()),
      // One that is over between two looks has left chunks: its kill comes too late, and is not counted.
      ({ ingests, chunks }) => ingests > 0 || chunks > before.chunks,
    );
    await delayMs(random.below(80));
    const undisturbed = exercise(bystander, seed);
    if (kill % 2 === 0) {
      await victim.page.close();
      slowestLockMs = Math.max(slowestLockMs, await lockFreed(bystander, 1));
      interrupted += await expectCollected(lab, context, seed, size);
    } else {
      slowestRestartMs = Math.max(slowestRestartMs, await endWorker(victim));
      interrupted += await expectPutAgain(victim, seed, size);
      await victim.page.close();
    }
    await undisturbed;
  }
  await context.close();
  return { kills, interrupted, slowestLockMs, slowestRestartMs };
}

/** Writes, reads and deletes something of its own; throws when anything of it fails. */
async function exercise({ store }: StoreTab, seed: number): Promise<void> {
  const digest = resultOf(await store.evaluate((inside, own) => inside.put(own, 300_000), seed + 1_000_000));
  resultOf(await store.evaluate((inside, own) => inside.read(own), digest));
  resultOf(
    await store.evaluate((inside, own) => inside.apply([{ collection: 'instances', key: own, value: own }]), digest),
  );
  resultOf(await store.evaluate((inside, own) => inside.delete(own), digest));
}

/** Milliseconds until no more than `sessions` stores hold their locks. */
async function lockFreed({ store }: StoreTab, sessions: number): Promise<number> {
  const begun = performance.now();
  await until(
    'the lock is freed',
    () => store.evaluate((inside) => inside.sessions()),
    (count) => count <= sessions,
  );
  return performance.now() - begun;
}

/** The next tab that opens finds nothing of an ingest that nobody will finish. 1 when there was one, that is: always but when it was too late. */
async function expectCollected(lab: StoreLab, context: BrowserContext, seed: number, size: number): Promise<number> {
  const next = await openTab(lab, context);
  const inside = await next.store.evaluate((store) => store.inside());
  if (inside.ingests > 0 || inside.strays > 0) throw new Error(`The dead tab left ${JSON.stringify(inside)}`);
  const { blobs } = resultOf(await next.store.evaluate((store) => store.usage()));
  // What was committed goes: the next kill counts by an empty store.
  if (blobs > 0) {
    const digest = resultOf(await next.store.evaluate((store, own) => store.put(own.seed, own.size), { seed, size }));
    resultOf(await next.store.evaluate((store, own) => store.delete(own), digest));
  }
  await next.page.close();
  return blobs === 0 ? 1 : 0;
}

/** Ends the worker as a crash would; milliseconds until the next one has opened the store. */
async function endWorker({ page, store }: StoreTab): Promise<number> {
  const [worker] = page.workers();
  if (!worker) throw new Error('The page has no worker');
  // Its own end may keep it from answering that it has ended.
  await worker.evaluate(() => (globalThis as unknown as { close(): void }).close()).catch(() => undefined);
  const events = await until(
    'the store is open again',
    () => store.evaluate((inside) => inside.events),
    (seen) => seen.filter(({ kind }) => kind === 'opened').length === 2,
  );
  const [lost, opened] = events.slice(-2);
  return (opened?.at ?? 0) - (lost?.at ?? 0);
}

/** The call that waited was told to try again; trying again works. 1 when it had waited. */
async function expectPutAgain({ store }: StoreTab, seed: number, size: number): Promise<number> {
  const outcome = await store.evaluate((inside) => inside.putOutcome());
  const { error } = outcome ?? {};
  if (error && error.code !== 'Unavailable')
    throw new Error(`The waiting call ended with ${error.code}: ${error.message}`);
  const digest = resultOf(await store.evaluate((inside, own) => inside.put(own.seed, own.size), { seed, size }));
  resultOf(await store.evaluate((inside, own) => inside.read(own), digest));
  const { ingests, strays } = await store.evaluate((inside) => inside.inside());
  if (ingests > 0 || strays > 0) throw new Error(`The dead worker left ${ingests} ingests and ${strays} chunks`);
  resultOf(await store.evaluate((inside, own) => inside.delete(own), digest));
  return error ? 1 : 0;
}

export interface QuotaReport {
  readonly quotaMiB: number;
  /** What was stored before there was no room. */
  readonly storedMiB: number;
  readonly needed: number;
  readonly available: number;
  readonly message: string;
  /** From a delete until what it freed could be used again; milliseconds. */
  readonly roomAfterMs: number;
}

/** Bytes of each blob of the quota run. */
const quotaBlob = 1.5 * mebibyte;

/** Test 8: fills a storage of that size, and looks at what is told, what is kept, and how it goes on after a delete. */
export async function fillToQuota(lab: StoreLab, quotaMiB: number): Promise<QuotaReport> {
  const context = await lab.newContext();
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  // Before anything is stored: Chromium heeds it no more for half a minute afterwards.
  await cdp.send('Storage.overrideQuotaForOrigin', {
    origin: new URL(lab.url).origin,
    quotaSize: quotaMiB * mebibyte,
  });
  const { store } = await openTab(lab, context);
  const kept: Digest[] = [];
  const put = (seed: number) =>
    store.evaluate((inside, given) => inside.put(given.seed, given.size), { seed, size: quotaBlob });
  const fill = async () => {
    for (let seed = 1 + kept.length; ; seed += 1) {
      const { ok, error } = await put(seed);
      if (error) return error;
      kept.push(ok);
      if (kept.length * quotaBlob > 2 * quotaMiB * mebibyte) throw new Error('The quota was not heeded');
    }
  };
  const error = await fill();
  const storedMiB = (kept.length * quotaBlob) / mebibyte;
  const { needed, available } = error.details;
  if (error.code !== 'ResourceExhausted') throw new Error(`Full storage was told as ${error.code}: ${error.message}`);
  if (typeof needed !== 'number' || typeof available !== 'number') throw new Error(`No figures: ${error.message}`);
  await expectKept(store, kept);
  const big = await store.evaluate((inside) => {
    return inside.apply([
      { collection: 'instances', key: 'a', value: 1 },
      { collection: 'instances', key: 'b', value: 'x'.repeat(4 * 1024 * 1024) },
    ]);
  });
  if (big.error?.code !== 'ResourceExhausted') throw new Error(`Records without room: ${JSON.stringify(big.error)}`);
  const records = resultOf(await store.evaluate((inside) => inside.list('instances')));
  if (Object.keys(records).length > 0) throw new Error('Half of an apply was kept');
  const deleted = performance.now();
  for (const digest of kept.splice(0, 2)) resultOf(await store.evaluate((inside, own) => inside.delete(own), digest));
  await until(
    'there is room after a delete',
    () => put(500),
    ({ ok, error: refusal }) => {
      if (refusal && refusal.code !== 'ResourceExhausted') throw new Error(refusal.message);
      if (ok) kept.push(ok);
      return ok !== undefined;
    },
  );
  const roomAfterMs = performance.now() - deleted;
  resultOf(await store.evaluate((inside) => inside.apply([{ collection: 'instances', key: 'a', value: 1 }])));
  await expectKept(store, kept);
  await context.close();
  return { quotaMiB, storedMiB, needed, available, message: error.message, roomAfterMs };
}

/** What was acknowledged is there and whole, and nothing else. */
async function expectKept(store: StoreTab['store'], kept: readonly Digest[]): Promise<void> {
  for (const digest of kept) {
    const size = resultOf(await store.evaluate((inside, own) => inside.read(own), digest));
    if (size !== quotaBlob) throw new Error(`${digest} has ${size} bytes`);
  }
  const { blobs } = resultOf(await store.evaluate((inside) => inside.usage()));
  if (blobs !== kept.length) throw new Error(`${blobs} blobs are stored, ${kept.length} were acknowledged`);
}

/** Test 9: tabs write and list the same records at once; throws when no single order explains what they saw. */
export async function mixTabs(lab: StoreLab, tabs: number, steps: number, random: SeededRandom): Promise<number> {
  const context = await lab.newContext();
  const opened: StoreTab[] = [];
  for (let tab = 0; tab < tabs; tab += 1) opened.push(await openTab(lab, context));
  const histories = await Promise.all(
    opened.map(({ store }) =>
      store.evaluate((inside, given) => inside.mix(given.seed, given.steps), { seed: 1 + random.below(10_000), steps }),
    ),
  );
  await context.close();
  const operations = histories.flat();
  if (
    !isLinearizable(operations.map(timed), {} as RecordState, (state) => JSON.stringify(Object.entries(state).sort()))
  ) {
    throw new Error(`No order explains what the tabs saw: ${JSON.stringify(operations)}`);
  }
  return operations.length;
}

type RecordState = Readonly<Record<string, number>>;

function timed({ begun, ended, write, seen }: RecordOperation) {
  return {
    begun: begun - clockSlackMs,
    ended: ended + clockSlackMs,
    run(state: RecordState): RecordState | undefined {
      if (write) return write.reduce(changed, state);
      const same = JSON.stringify(Object.entries(state).sort()) === JSON.stringify(Object.entries(seen ?? {}).sort());
      return same ? state : undefined;
    },
  };
}

function changed(state: RecordState, { key, value }: { readonly key: string; readonly value?: unknown }): RecordState {
  const { [key]: _, ...rest } = state;
  return value === undefined ? rest : { ...rest, [key]: Number(value) };
}

/**
 * Test 9, ownership: of several tabs one has the lab, whatever dies; when the owner is killed another takes
 * over. Milliseconds of the slowest take-over, counted from the kill.
 */
export async function takeOverAfterKills(lab: StoreLab, kills: number): Promise<number> {
  const context = await lab.newContext();
  let owner = await openTab(lab, context);
  await owner.store.evaluate((store) => store.acquire());
  let slowest = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const [next, witness] = [await openTab(lab, context), await openTab(lab, context)];
    await expectStates([owner, next, witness], ['owner', 'other', 'other']);
    // Old enough not to be taken for the reload of the owner, which would own the lab by itself.
    await delayMs(1100);
    const begun = performance.now();
    await owner.page.close();
    await next.store.evaluate((store) => store.takeOver());
    slowest = Math.max(slowest, performance.now() - begun);
    await until(
      'the witness knows',
      () => states([next, witness]),
      (seen) => seen.join() === 'owner,other',
    );
    // The next owner gives it away while it lives, and says so.
    await witness.store.evaluate((store) => store.takeOver());
    await until(
      'the loser knows',
      () => states([next, witness]),
      (seen) => seen.join() === 'lost,owner',
    );
    await next.page.close();
    owner = witness;
  }
  await context.close();
  return slowest;
}

function states(tabs: readonly StoreTab[]): Promise<readonly string[]> {
  return Promise.all(tabs.map(({ store }) => store.evaluate((inside) => inside.acquire())));
}

async function expectStates(tabs: readonly StoreTab[], expected: readonly string[]): Promise<void> {
  const seen = await states(tabs);
  if (seen.join() !== expected.join()) throw new Error(`The tabs are ${seen.join()}, expected ${expected.join()}`);
}

/** Test 9, upgrade: a later version upgrades the database while two tabs use it. Throws when one hangs. */
export async function upgradeUnderUse(lab: StoreLab, rounds: number): Promise<void> {
  const context = await lab.newContext();
  const tabs = [await openTab(lab, context), await openTab(lab, context), await openTab(lab, context)];
  const [first, second, later] = tabs;
  for (let round = 0; round < rounds; round += 1) {
    const name = `upgrade-${round}`;
    await Promise.all([first, second].map((tab) => tab?.store.evaluate((store, own) => store.holdOpen(own), name)));
    const upgraded = await within(
      'the upgrade',
      10_000,
      later?.store.evaluate((store, own) => store.upgrade(own), name),
    );
    if (!upgraded) throw new Error('The upgrade was lost');
  }
  await context.close();
}

function resultOf<T>({
  ok,
  error,
}: {
  readonly ok?: T;
  readonly error?: { readonly code: string; readonly message: string };
}): T {
  if (error) throw new Error(`${error.code}: ${error.message}`);
  return ok as T;
}

function delayMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks again and again until the answer is good; a hang guard of 20 s. */
async function until<T>(what: string, ask: () => Promise<T>, good: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (performance.now() > deadline)
      throw new Error(`Waited in vain until ${what}; the last: ${JSON.stringify(answer)}`);
    await delayMs(5);
  }
}

function within<T>(what: string, ms: number, promise: Promise<T> | undefined): Promise<T | undefined> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms).unref();
  });
  return Promise.race([Promise.resolve(promise), late]);
}
