import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileLock, InodeNumber } from '../../api/file-tree';
import { concatBytes } from '../../base/bytes';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { FakeClock } from '../../base/fake-clock';
import { fileType } from '../../formats/file-type';
import { FolderPortClient } from '../../rpc/folder-port';
import { DyingFolderBackend } from './dying-folder-backend-fixture';
import type { FolderBackend } from './folder-backend';
import { chunkBytes } from './folder-records';
import { FolderStore } from './folder-store';

export interface FolderFixture {
  readonly backend: FolderBackend;
  dispose(): Promise<void>;
}

const session = 'lab';
const bytes = (text: string) => new TextEncoder().encode(text);
const file = { mode: fileType.regular | 0o640, uid: 7, gid: 8 };
const directory = { mode: fileType.directory | 0o750, uid: 0, gid: 0 };
const pattern = (length: number, seed: number) => new Uint8Array(length).map((_, index) => (index * 7 + seed) & 0xff);

/** Compares large arrays in no time, and says where they differ. */
function expectSame(found: Uint8Array, expected: Uint8Array): void {
  expect(found.length).toBe(expected.length);
  expect(expected.findIndex((byte, index) => byte !== found[index])).toBe(-1);
}

async function contentOf(client: FolderPortClient, inode: InodeNumber): Promise<Uint8Array> {
  const { size } = await client.attributes(inode);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < size; ) {
    const pieces = await client.read(inode, at, 1_000_000);
    parts.push(...pieces);
    at += pieces.reduce((sum, { length }) => sum + length, 0);
  }
  return concatBytes(parts);
}

/** What every store of folders promises. */
export function describeFolderStore(
  name: string,
  open: () => Promise<FolderFixture>,
  { runs }: { runs: number },
): void {
  describe(`shared folders over ${name}`, () => {
    let fixture: FolderFixture;
    let clock: FakeClock;
    let backend: DyingFolderBackend;
    let store: FolderStore;
    let clients: FolderPortClient[];
    beforeEach(async () => {
      fixture = await open();
      clock = new FakeClock(1_700_000_000_123);
      clients = [];
      backend = new DyingFolderBackend(fixture.backend);
      store = new FolderStore(backend, clock);
      await store.create('work', { quotaBytes: 8 * 1024 * 1024 });
    });
    afterEach(async () => {
      for (const client of clients) client.dispose();
      if (!backend.dead) await store.dispose();
      await fixture.dispose();
    });

    const join = async (id: string): Promise<FolderPortClient> => {
      const client = new FolderPortClient({ port: await store.open('work', { session, id }) }, { clock });
      clients.push(client);
      return client;
    };
    /** The store's thread has ended, and there is another. */
    const restart = (): void => {
      backend.dead = true;
      backend = new DyingFolderBackend(fixture.backend);
      store = new FolderStore(backend, clock);
    };
    const renew = async (client: FolderPortClient, id: string): Promise<void> =>
      client.renew(await store.open('work', { session, id }));

    it('keep everything of a file from one opening to the next', async () => {
      const client = await join('one');
      const content = pattern(2 * chunkBytes + 500, 3);
      const { inode: home } = await client.create(1, 'home', directory);
      const { inode } = await client.create(home, 'data', file);
      await client.write(inode, 100, content);
      await client.setXattr(inode, 'user.note', bytes('hello'), 'any');
      await client.link(1, 'hard', inode);
      await client.create(1, 'link', { mode: fileType.symlink | 0o777, uid: 0, gid: 0, target: 'home/data' });
      await client.create(1, 'null', {
        mode: fileType.character | 0o666,
        uid: 0,
        gid: 0,
        device: { major: 1, minor: 3 },
      });
      await client.setAttributes(inode, { mtime: { seconds: -5, nanoseconds: 7 }, uid: 1000 });
      const before = await client.attributes(inode);
      restart();
      await renew(client, 'one');
      expect(await client.attributes(inode)).toEqual(before);
      expect(before).toMatchObject({ links: 2, uid: 1000, gid: 8, mode: file.mode, size: content.length + 100 });
      expectSame(await contentOf(client, inode), concatBytes([new Uint8Array(100), content]));
      expect(await client.xattr(inode, 'user.note')).toEqual(bytes('hello'));
      expect((await client.list(1, 0, 100)).map((entry) => entry.name)).toEqual(['home', 'hard', 'link', 'null']);
      const link = await client.lookup(1, 'link');
      expect(await client.readLink(link?.inode ?? 0)).toBe('home/data');
      expect(await client.lookup(1, 'null')).toMatchObject({ device: { major: 1, minor: 3 } });
      expect(await client.lookup(home, '..')).toMatchObject({ inode: 1, links: 3 });
    });

    it('are zeros where nothing was written, also where something was cut off', async () => {
      const client = await join('one');
      const { inode } = await client.create(1, 'sparse', file);
      await client.write(inode, 0, pattern(1000, 1));
      await client.write(inode, 3 * chunkBytes, bytes('end'));
      expect((await client.attributes(inode)).storedBytes).toBeLessThan(2 * chunkBytes);
      await client.setAttributes(inode, { size: 10 });
      await client.setAttributes(inode, { size: 2000 });
      await client.write(inode, 1500, bytes('x'));
      const expected = new Uint8Array(2000);
      expected.set(pattern(10, 1));
      expected.set(bytes('x'), 1500);
      expectSame(await contentOf(client, inode), expected);
      restart();
      await renew(client, 'one');
      expectSame(await contentOf(client, inode), expected);
    });

    it('are the same to all at once, and appended to by several at once', async () => {
      const [one, two] = [await join('one'), await join('two')];
      const { inode } = await one.create(1, 'log', file);
      const lines = Array.from({ length: 20 }, (_, index) => `line ${index}\n`);
      await Promise.all(lines.map((line, index) => (index % 2 ? one : two).write(inode, 'end', bytes(line))));
      const text = new TextDecoder().decode(await contentOf(two, inode));
      expect(text.trim().split('\n').sort()).toEqual(lines.map((line) => line.trim()).sort());
      await two.rename({ directory: 1, name: 'log' }, { directory: 1, name: 'old' });
      expect(await one.lookup(1, 'log')).toBeUndefined();
      expect(await one.lookup(1, 'old')).toMatchObject({ inode });
    });

    it('tell who watches what has changed, by paths', async () => {
      const watcher = new FolderPortClient(
        { port: await store.open('work', { session, id: 'page' }) },
        { clock, watch: true },
      );
      clients.push(watcher);
      const paths = new Set<string>();
      watcher.changed((notice) => notice.paths.forEach((path) => paths.add(path)));
      const client = await join('one');
      const { inode: home } = await client.create(1, 'home', directory);
      const { inode } = await client.create(home, 'a', file);
      await client.write(inode, 0, bytes('x'));
      // Behind the notices.
      await watcher.usage();
      expect([...paths].sort()).toEqual(['/', '/home', '/home/a']);
    });

    it('are full at their quota, and lose nothing then', async () => {
      const client = await join('one');
      const { inode } = await client.create(1, 'kept', file);
      await client.write(inode, 0, pattern(4 * 1024 * 1024, 1));
      const { inode: large } = await client.create(1, 'large', file);
      const full = { code: 'ResourceExhausted', details: { errno: 'ENOSPC' } };
      await expect(client.write(large, 0, pattern(5 * 1024 * 1024, 2))).rejects.toMatchObject(full);
      expect(await client.attributes(large)).toMatchObject({ size: 0, storedBytes: 0 });
      await client.setAttributes(large, { size: 100 * 1024 * 1024 });
      const { freeBlocks, blockSize, blocks } = await client.usage();
      expect(blocks * blockSize).toBe(8 * 1024 * 1024);
      expect(freeBlocks * blockSize).toBeLessThan(4 * 1024 * 1024);
      expectSame(await contentOf(client, inode), pattern(4 * 1024 * 1024, 1));
      await client.unlink(1, 'kept', 'file');
      expect(await client.write(large, 0, pattern(5 * 1024 * 1024, 2))).toBe(5 * 1024 * 1024);
      await expect(store.setQuota('work', session, 1024)).rejects.toMatchObject({ code: 'ResourceExhausted' });
      await store.setQuota('work', session, 16 * 1024 * 1024);
      expect(await store.list(session)).toMatchObject([{ name: 'work', quotaBytes: 16 * 1024 * 1024, files: 1 }]);
    });

    it('are as before when the browser has no room, to all who had built on it', async () => {
      const client = await join('one');
      const { inode } = await client.create(1, 'kept', file);
      await client.write(inode, 0, bytes('as it was'));
      const refusal = createDeferred<void>();
      const refused = backend.failOnce(new SandboxError('ResourceExhausted', 'No room'), refusal.promise);
      const first = client.write(inode, 0, bytes('AS IT WILL NOT BE'));
      await refused;
      const written = [first, client.rename({ directory: 1, name: 'kept' }, { directory: 1, name: 'lost' })];
      // Behind both.
      await client.usage();
      refusal.resolve();
      expect((await Promise.allSettled(written)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(new TextDecoder().decode(await contentOf(client, inode))).toBe('as it was');
      expect(await client.lookup(1, 'lost')).toBeUndefined();
      await client.write(inode, 0, bytes('AS'));
      expect(new TextDecoder().decode(await contentOf(client, inode))).toBe('AS it was');
    });

    const whole = (process: number, exclusive = true): FileLock => {
      return { exclusive, start: 0, end: Number.POSITIVE_INFINITY, owner: { client: 'host', process } };
    };

    it('are locked against all others, also those of the same name, until their machine ends', async () => {
      const [one, two] = [await join('one'), await join('two')];
      const { inode } = await one.create(1, 'lock', file);
      expect(await one.lock(inode, whole(1))).toBe(true);
      expect(await two.lock(inode, whole(1))).toBe(false);
      expect(await two.findLock(inode, whole(1))).toEqual(whole(1));
      expect(await one.findLock(inode, whole(1))).toBeUndefined();
      await store.leave('work', { session, id: 'one' });
      expect(await two.lock(inode, whole(1))).toBe(true);
    });

    it('stay locked when the store is started again: who comes back first gets no lock of another', async () => {
      const [one, two] = [await join('one'), await join('two')];
      const { inode } = await one.create(1, 'lock', file);
      await two.create(1, 'other', file);
      expect(await one.lock(inode, whole(1))).toBe(true);
      restart();
      await renew(two, 'two');
      expect(await two.lock(inode, whole(2))).toBe(false);
      await renew(one, 'one');
      expect(await one.lock(inode, { ...whole(1), start: 5 })).toBe(true);
      expect(await two.lock(inode, whole(2))).toBe(false);
      await one.unlock(inode, whole(1));
      expect(await two.lock(inode, whole(2))).toBe(true);
    });

    const isKept = async (inode: InodeNumber): Promise<boolean> =>
      (await fixture.backend.load('work')).nodes.has(inode);

    it('keep a file without a name for who has it open, also when the store is started again', async () => {
      const client = await join('one');
      const { inode } = await client.create(1, 'gone', file);
      await client.write(inode, 0, bytes('still here'));
      client.hold(inode);
      await client.unlink(1, 'gone', 'file');
      restart();
      await renew(client, 'one');
      await client.usage();
      await clock.advance(60_000);
      expect(new TextDecoder().decode(await contentOf(client, inode))).toBe('still here');
      client.release(inode);
      await client.sync();
      expect(await isKept(inode)).toBe(false);
      await expect(client.attributes(inode)).rejects.toMatchObject({ details: { errno: 'ESTALE' } });
    });

    it('let go of such a file when nobody comes back for it', async () => {
      const client = await join('one');
      const { inode } = await client.create(1, 'gone', file);
      client.hold(inode);
      await client.unlink(1, 'gone', 'file');
      restart();
      const other = await join('other');
      expect(await isKept(inode)).toBe(true);
      await clock.advance(60_000);
      await other.sync();
      expect(await isKept(inode)).toBe(false);
    });

    it('can be removed when nobody has them, and made again', async () => {
      const client = await join('one');
      const { inode } = await client.create(1, 'data', file);
      await client.write(inode, 0, pattern(chunkBytes * 2, 1));
      await expect(store.remove('work')).rejects.toMatchObject({ code: 'FailedPrecondition' });
      await store.leave('work', { session, id: 'one' });
      await store.remove('work');
      expect(await store.list(session)).toEqual([]);
      await expect(join('one')).rejects.toMatchObject({ code: 'NotFound' });
      await store.create('work');
      await expect(store.create('work')).rejects.toMatchObject({ code: 'AlreadyExists' });
      expect((await store.list(session)).map(({ files }) => files)).toEqual([0]);
    });

    it.each(['', '.', '..', 'a/b', 'a b', 'x'.repeat(64)])('refuse to be called %j', async (wrong) => {
      await expect(store.create(wrong)).rejects.toMatchObject({ code: 'InvalidArgument' });
    });

    it('do each change once, whenever the store dies', async () => {
      const step = fc.oneof(
        fc.record({ kind: fc.constant('append' as const), size: fc.integer({ min: 1, max: 300 }) }),
        fc.record({ kind: fc.constant('rename' as const) }),
        fc.record({ kind: fc.constant('make' as const) }),
        fc.record({ kind: fc.constant('sync' as const) }),
      );
      const death = fc.record({ write: fc.integer({ min: 1, max: 6 }), after: fc.boolean() });
      let round = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 3, maxLength: 12 }),
          fc.array(death, { maxLength: 4 }),
          async (steps, deaths) => {
            round += 1;
            const id = `client-${round}`;
            restart();
            const client = await join(id);
            const { inode: home } = await client.create(1, id, directory);
            const { inode } = await client.create(home, 'log-0', file);
            const waiting = [...deaths];
            const arm = (): void => {
              const next = waiting.shift();
              if (next) backend.dieAt(next.write, next.after);
            };
            arm();
            const expected: Uint8Array[] = [];
            let names = 0;
            let made = 0;
            for (const each of steps) {
              const done = perform(each);
              for (;;) {
                const outcome = await Promise.race([done.then(() => 'done'), untilDead()]);
                if (outcome === 'done') break;
                restart();
                arm();
                await renew(client, id);
              }
            }
            // What is left of the deaths has no one to kill.
            backend.dieAt(Number.POSITIVE_INFINITY, false);
            async function perform(each: (typeof steps)[number]): Promise<void> {
              if (each.kind === 'sync') return client.sync();
              if (each.kind === 'make') {
                made += 1;
                await client.create(home, `made-${made}`, file);
                return;
              }
              if (each.kind === 'rename') {
                names += 1;
                const [from, to] = [`log-${names - 1}`, `log-${names}`];
                return client.rename({ directory: home, name: from }, { directory: home, name: to });
              }
              const more = pattern(each.size, expected.length);
              expected.push(more);
              await client.write(inode, 'end', more);
            }
            async function untilDead(): Promise<string> {
              while (!backend.dead) await new Promise((resolve) => setTimeout(resolve));
              return 'dead';
            }
            expectSame(await contentOf(client, inode), concatBytes(expected));
            const found = (await client.list(home, 0, 100)).map((entry) => entry.name).sort();
            expect(found).toEqual(
              [`log-${names}`, ...Array.from({ length: made }, (_, index) => `made-${index + 1}`)].sort(),
            );
          },
        ),
        { numRuns: runs },
      );
    });
  });
}
