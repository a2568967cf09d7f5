import type { CDPSession, Page } from 'playwright-core';
import type { StrataPage } from './page-fleet';

/** What is there at one moment. */
export interface ContainerRemains {
  /** Bytes of the page's heap after a collection. */
  readonly heap: number;
  readonly listeners: number;
  readonly workers: number;
  /** Bytes that the browser says the page has stored. */
  readonly stored: number;
  readonly containers: number;
}

/** Creates, starts, stops and removes that many containers, one after the other; what was there before and after. */
export async function containersComeAndGo(
  page: Page,
  cdp: CDPSession,
  count: number,
): Promise<{ readonly before: ContainerRemains; readonly after: ContainerRemains }> {
  // The host, the image and what the first container leaves for the others.
  await runContainers(page, 1);
  const before = await remains(page, cdp);
  await runContainers(page, count);
  return { before, after: await remains(page, cdp) };
}

/** What is stored, bytes. */
export interface StoredBytes {
  /** By what the browser says, its database's own log of changes among them. */
  readonly told: number;
  /** By reading each entry, keys not counted. */
  readonly read: Readonly<Record<string, number>>;
}

/** Takes away the hosts, with their disks, and says how many bytes are stored then. */
export async function storedWithoutHosts(page: Page): Promise<StoredBytes> {
  await page.evaluate(async () => {
    const { lab } = (globalThis as unknown as StrataPage).strata;
    const hosts = lab.list().filter(({ spec }) => spec.kind === 'vm' && spec.containerHost);
    for (const { id } of hosts) {
      await lab.kill(id).finished;
      await lab.remove(id).finished;
    }
  });
  // Chromium reckons a while later.
  for (let before = await storedBytes(page); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const now = await storedBytes(page);
    if (Math.abs(now - before) < 4096) return { told: now, read: await readBytes(page) };
    before = now;
  }
}

function runContainers(page: Page, count: number): Promise<void> {
  return page.evaluate(async (times) => {
    const { engine } = (globalThis as unknown as StrataPage).strata;
    const ask = async (method: string, path: string, body?: object): Promise<void> => {
      const headers = { 'content-type': 'application/json' };
      const sent = body ? { body: JSON.stringify(body) } : {};
      const answer = await engine.fetch(new Request(`http://engine/v1.47${path}`, { method, headers, ...sent }));
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${text}`);
    };
    await ask('POST', '/images/create?fromImage=busybox&tag=latest');
    for (let at = 0; at < times; at += 1) {
      const name = `leaf-${at}`;
      await ask('POST', `/containers/create?name=${name}`, { Image: 'busybox', Cmd: ['sleep', '1000'] });
      await ask('POST', `/containers/${name}/start`);
      await ask('POST', `/containers/${name}/stop?t=0`);
      await ask('DELETE', `/containers/${name}`);
    }
  }, count);
}

async function remains(page: Page, cdp: CDPSession): Promise<ContainerRemains> {
  await cdp.send('HeapProfiler.enable');
  // What finalizers let go in one round is collected in the next.
  for (let round = 0; round < 3; round += 1) await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  const { jsEventListeners } = await cdp.send('Memory.getDOMCounters');
  const containers = await page.evaluate(async () => {
    const { engine } = (globalThis as unknown as StrataPage).strata;
    const list = await engine.fetch(new Request('http://engine/v1.47/containers/json?all=1'));
    return ((await list.json()) as unknown[]).length;
  });
  const stored = await storedBytes(page);
  return { heap: usedSize, listeners: jsEventListeners, workers: page.workers().length, stored, containers };
}

/** Bytes of the entries of each of the page's object stores. */
function readBytes(page: Page): Promise<Record<string, number>> {
  return page.evaluate(async () => {
    const sizeOf = (value: unknown): number => {
      if (value instanceof Blob) return value.size;
      if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
      if (typeof value === 'string') return value.length;
      if (typeof value !== 'object' || value === null) return 8;
      return Object.entries(value).reduce((sum, [key, each]) => sum + key.length + sizeOf(each), 0);
    };
    const asked = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const bytes: Record<string, number> = {};
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await asked(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        const entries: unknown[] = await asked(database.transaction(store).objectStore(store).getAll());
        bytes[`${name}/${store}`] = entries.reduce<number>((sum, entry) => sum + sizeOf(entry), 0);
      }
      database.close();
    }
    return bytes;
  });
}

function storedBytes(page: Page): Promise<number> {
  return page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
}
