import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { settle } from '../base/fake-clock';
import { stateLabel } from './blob-client';
import { openTestLab, type TestStorage } from './lab-fixture';
import { loadRecords } from './lab-records';
import { createStores } from './stores-fixture';

const draft = { kind: 'vm', name: 'web', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;

/** Storage as a page sees it that ends with a certain call: before that has its effect, or before its answer comes. */
class EndingPage {
  calls = 0;
  readonly #endAt: number;
  readonly #late: boolean;

  constructor(endAt: number, late: boolean) {
    this.#endAt = endAt;
    this.#late = late;
  }

  through<T extends object>(part: T): T {
    return new Proxy(part, {
      get:
        (target, method: string) =>
        async (...args: unknown[]) => {
          this.calls += 1;
          if (this.calls > this.#endAt || (this.calls === this.#endAt && !this.#late)) throw ended();
          const call = (target as Record<string, (...given: unknown[]) => Promise<unknown>>)[method];
          const result = await call?.apply(target, args);
          if (this.calls >= this.#endAt) throw ended();
          return result;
        },
    });
  }
}

const ended = () => new SandboxError('Unavailable', 'The page has ended');

/** All that makes and frees blobs of states; whatever fails of it fails. */
async function useLab(storage: TestStorage, artifact: string): Promise<void> {
  const { lab, driver } = await openTestLab(storage);
  try {
    const { id } = await lab.create(draft);
    driver.at(0).origin = [artifact as `sha256:${string}`];
    await lab.start(id).finished;
    await lab.snapshot(id, { name: 'First' }).finished;
    driver.at(0).memory = 'more';
    await lab.saveForReload();
    await lab.snapshot(id, { name: 'Second' }).finished;
    driver.at(0).memory = 'still more';
    await lab.saveForReload();
    const [first] = lab.snapshots();
    if (first) await lab.deleteSnapshot(first.id);
  } finally {
    lab.dispose();
  }
}

async function endAt(call: number, late: boolean): Promise<number> {
  const stores = await createStores();
  const { digest: artifact } = await stores.blobs.put(bytesOf('prepared'));
  const page = new EndingPage(call, late);
  const { blobs, records, disks } = stores;
  const storage = { blobs: page.through(blobs), records: page.through(records), disks: page.through(disks) };
  await useLab(storage, artifact).catch(() => {});
  await settle();

  const { lab } = await openTestLab({ blobs, records, disks });
  await settle();
  const { snapshots } = await loadRecords(records);
  const named = new Set(snapshots.flatMap(({ layers }) => layers));
  expect(await blobs.missing([...named, artifact]), `nothing is missing after ${call}`).toEqual([]);
  expect(await blobs.sweep(stateLabel, [...named]), `nothing is left over after ${call}`).toBe(0);
  lab.dispose();
  return page.calls;
}

describe('blobs of saved machines', () => {
  it.each([
    ['before a call takes effect', false],
    ['before its answer comes', true],
  ])('are all named by records after a page ended %s, whichever it was', async (_, late) => {
    const calls = await endAt(Number.POSITIVE_INFINITY, late);
    expect(calls).toBeGreaterThan(20);
    for (let call = 1; call <= calls; call += 1) await endAt(call, late);
  });
});
