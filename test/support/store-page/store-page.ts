import { type IDBPDatabase, openDB } from 'idb';
import type { Digest } from '../../../src/api/content-store';
import type { RecordChange, RecordCollection } from '../../../src/api/records';
import { systemClock } from '../../../src/base/clock';
import { type ErrorRecord, serializeError } from '../../../src/base/errors';
import { createSeededRandom } from '../../../src/base/seeded-random';
import { Images } from '../../../src/engine/images';
import { transfer } from '../../../src/rpc/control';
import { browserSpawner } from '../../../src/rpc/spawn-browser';
import { acquireLab, type LabLock } from '../../../src/storage/lab-lock';
import { openContentStore, openIdbContentStore } from '../../../src/storage/open-content-store';
import { type StoreEvent, StoreSupervision } from '../../../src/storage/store-supervision';
import storeWorkerUrl from '../../../workers/store.ts?worker&url';
import { makeArchive } from './make-archive';

/** What came of a call, in a form that leaves the page. */
export type Outcome<T> =
  | { readonly ok: T; readonly error?: never }
  | { readonly ok?: never; readonly error: ErrorRecord };

/** An operation on the records as one tab saw it; times are milliseconds since the epoch. */
export interface RecordOperation {
  readonly begun: number;
  readonly ended: number;
  readonly write?: readonly RecordChange[];
  /** The value of each key, when it was a list. */
  readonly seen?: Readonly<Record<string, number>>;
}

const now = (): number => performance.timeOrigin + performance.now();

/** The product's store as the page has it, its worker and all, without the rest of the page. */
class StorePage {
  readonly #supervision = new StoreSupervision({
    spawn: browserSpawner(storeWorkerUrl),
    registryUrl: new URL('registry/', location.href).href,
    clock: systemClock,
    locks: navigator.locks,
  });
  readonly events: { readonly kind: StoreEvent['kind']; readonly at: number }[] = [];
  #lab: LabLock | undefined;
  #archive = new Blob();
  #putting: Promise<Outcome<Digest>> | undefined;

  constructor() {
    this.#supervision.events(({ kind }) => this.events.push({ kind, at: now() }));
  }

  /** Whether what is stored outlives the page. */
  async persistent(): Promise<boolean> {
    return (await this.#supervision.remote.open('')).persistent;
  }

  /** Opens the store in this very thread, and keeps a blob in it. */
  async inThisThread(): Promise<{ readonly persistent: boolean; readonly reason: string; readonly size: number }> {
    const { store, persistent, reason = '' } = await openContentStore();
    const ingest = await store.ingest({});
    await ingest.write(createSeededRandom(1).bytes(100_000));
    const { digest } = await ingest.commit();
    const { length: size } = await store.read(digest);
    return { persistent, reason, size };
  }

  /** Random bytes that this seed stands for. */
  async put(seed: number, size: number): Promise<Outcome<Digest>> {
    const { buffer } = createSeededRandom(seed).bytes(size);
    const { remote } = this.#supervision;
    return outcome(async () => (await remote.putBlob(transfer(buffer, [buffer]))).digest);
  }

  /** Begins to put and returns; `putOutcome` waits for it. */
  beginPut(seed: number, size: number): void {
    this.#putting = this.put(seed, size);
  }

  async putOutcome(): Promise<Outcome<Digest> | undefined> {
    return this.#putting;
  }

  /** Reads a blob, which verifies it; gives its size. */
  read(digest: Digest): Promise<Outcome<number>> {
    return outcome(async () => (await this.#supervision.remote.readBlobs([digest]))[0]?.byteLength ?? -1);
  }

  /**
   * Makes an archive of one image, whose layers have random files of a mebibyte, and keeps it as a file. Returns its
   * bytes.
   */
  async makeArchive(layers: number, filesPerLayer: number): Promise<number> {
    this.#archive = await makeArchive(layers, filesPerLayer);
    return this.#archive.size;
  }

  /** Loads that archive; returns how long it took, milliseconds. */
  async loadArchive(): Promise<Outcome<number>> {
    const begun = performance.now();
    const images = new Images({ remote: this.#supervision.remote });
    return outcome(async () => {
      await images.load(this.#archive);
      images.dispose();
      return performance.now() - begun;
    });
  }

  delete(digest: Digest): Promise<Outcome<void>> {
    return outcome(() => this.#supervision.remote.deleteBlob(digest));
  }

  usage(): Promise<Outcome<{ readonly blobs: number }>> {
    return outcome(() => this.#supervision.remote.usage());
  }

  apply(changes: readonly RecordChange[]): Promise<Outcome<void>> {
    return outcome(() => this.#supervision.remote.applyRecords(changes));
  }

  async list(collection: RecordCollection): Promise<Outcome<Record<string, unknown>>> {
    return outcome(async () => {
      const entries = await this.#supervision.remote.listRecords(collection);
      return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
    });
  }

  /** Takes random steps, one after the other: writes of several keys at once, and lists of all keys. */
  async mix(seed: number, steps: number): Promise<readonly RecordOperation[]> {
    const random = createSeededRandom(seed);
    const done: RecordOperation[] = [];
    for (let step = 0; step < steps; step += 1) {
      const begun = now();
      if (random.chance(0.5)) {
        // Another value each time, so that a list tells whose it saw.
        const value = seed * 100_000 + step;
        const keys = ['a', 'b', 'c'].filter(() => random.chance(0.6));
        const write = keys.map((key): RecordChange => {
          return { collection: 'networks', key, ...(random.chance(0.8) && { value }) };
        });
        const { error } = await this.apply(write);
        if (error) throw new Error(error.message);
        done.push({ begun, ended: now(), write });
      } else {
        const { ok, error } = await this.list('networks');
        if (error) throw new Error(error.message);
        done.push({ begun, ended: now(), seen: ok as Record<string, number> });
      }
    }
    return done;
  }

  /** What the database really holds, past the store. */
  async inside(): Promise<{ readonly ingests: number; readonly strays: number; readonly chunks: number }> {
    const database = await openDB('strata');
    try {
      const contents = new Set((await database.getAll('blobs')).map(({ content }: { content: string }) => content));
      const chunks = (await database.getAllKeys('chunks')) as unknown as [string, number][];
      const strays = chunks.filter(([content]) => !contents.has(content)).length;
      return { ingests: await database.count('ingests'), strays, chunks: chunks.length };
    } finally {
      database.close();
    }
  }

  /** Sessions of stores that live, by their locks. */
  async sessions(): Promise<number> {
    const { held = [] } = await navigator.locks.query();
    return held.filter(({ name }) => name?.startsWith('strata-ingest-session:')).length;
  }

  async acquire(): Promise<string> {
    this.#lab ??= await acquireLab({
      locks: navigator.locks,
      channel: () => new BroadcastChannel('strata-lab'),
      clock: systemClock,
    });
    return this.#lab.state;
  }

  ownership(): string | undefined {
    return this.#lab?.state;
  }

  async takeOver(): Promise<void> {
    await this.#lab?.takeOver();
  }

  /** Opens a database with the product's schema in this very thread, and uses it until it is told to stop. */
  async holdOpen(databaseName: string): Promise<void> {
    const { records } = await openIdbContentStore({ databaseName });
    const use = async (): Promise<void> => {
      for (;;) await records.apply([{ collection: 'instances', key: 'k', value: now() }]);
    };
    // Ends when the database has been upgraded to what this page cannot read.
    use().catch(() => undefined);
  }

  /** Upgrades that database as a later version of the page would; true when it came through. */
  async upgrade(databaseName: string): Promise<boolean> {
    const database: IDBPDatabase = await openDB(databaseName, 1000, {
      upgrade: (upgraded) => void upgraded.createObjectStore('later'),
    });
    const upgraded = database.objectStoreNames.contains('later');
    database.close();
    return upgraded;
  }
}

async function outcome<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: await work() };
  } catch (error) {
    return { error: serializeError(error) };
  }
}

export type { StorePage };

Object.assign(globalThis, { storePage: new StorePage() });
