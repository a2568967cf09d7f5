import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileTree } from '../../api/file-tree';
import { linuxErrno } from '../../formats/linux-errno';
import { parseDirectoryEntries } from '../../formats/nine-p/directory-entries';
import type { Request, RequestOf } from '../../formats/nine-p/messages';
import { NineClient } from './nine-p-client-fixture';
import { NineServer } from './nine-p-server';

const errno = (name: keyof typeof linuxErrno) => ({ errno: linuxErrno[name] });
const readWrite = 2;
const [exclusive, truncate, append] = [0o200, 0o1000, 0o2000];
const bytes = (text: string) => new TextEncoder().encode(text);

/** A tree that is to be tested, and what only its maker can see of it. */
export interface TreeUnderTest {
  readonly tree: FileTree;
  /** Files that there are, those without a name included. */
  files(): Promise<number>;
  /** How often everything was made durable. */
  syncs(): number;
  dispose?(): Promise<void>;
}

/** What a file tree that can be changed has to do, asked through the 9P server. */
export function testFileChanges(makeTree: () => Promise<TreeUnderTest>): void {
  let made: TreeUnderTest;
  let server: NineServer;
  let client: NineClient;
  let root: number;
  beforeEach(async () => {
    made = await makeTree();
    server = new NineServer({ tree: made.tree, maxMessageBytes: 65_536 });
    ({ client, root } = await NineClient.mount(server, { uid: 1000 }));
  });
  afterEach(() => made.dispose?.());

  /** An open fid of a new file. */
  async function create(name: string, flags = readWrite, directory = ''): Promise<number> {
    const fid = await client.walk(root, directory);
    await client.ask('lcreate', { type: 'lcreate', fid, name, flags, mode: 0o640, gid: 50 });
    return fid;
  }

  const open = async (path: string, flags = 0): Promise<number> => {
    const fid = await client.walk(root, path);
    await client.ask('lopen', { type: 'lopen', fid, flags });
    return fid;
  };
  const write = (fid: number, offset: number, text: string) =>
    client.ask('write', { type: 'write', fid, offset, data: bytes(text) });
  const content = async (path: string) => new TextDecoder().decode(await client.readAll(await open(path)));
  const stat = async (path: string) =>
    client.ask('getattr', { type: 'getattr', fid: await client.walk(root, path), mask: 0x3fff });
  const mkdir = (name: string, mode = 0o755) => client.ask('mkdir', { type: 'mkdir', fid: root, name, mode, gid: 0 });
  const names = async (path: string) => {
    const entries = await client.readDirectory(await open(path));
    return entries.map(({ name }) => name).slice(2);
  };
  const renameat = (oldName: string, newName: string, oldDirectory = root, newDirectory = root) =>
    client.ask('renameat', { type: 'renameat', oldDirectory, oldName, newDirectory, newName });
  const unlinkat = (name: string, flags = 0) =>
    client.ask('unlinkat', { type: 'unlinkat', directory: root, name, flags });

  describe('changes through the 9P server', () => {
    it('make a file that belongs to who made it, open', async () => {
      const fid = await create('file');
      expect(await write(fid, 0, 'hello')).toMatchObject({ count: 5 });
      expect(await write(fid, 7, '!')).toMatchObject({ count: 1 });
      expect(await content('file')).toBe('hello\0\0!');
      expect(await stat('file')).toMatchObject({ mode: 0o100640, uid: 1000, gid: 50, links: 1, size: 8 });
    });

    it('open a file that is there already, unless it has to be new', async () => {
      await write(await create('file'), 0, 'old');
      await expect(create('file', readWrite | exclusive)).rejects.toMatchObject(errno('EEXIST'));
      await client.clunk(await create('file'));
      expect(await content('file')).toBe('old');
      await client.clunk(await create('file', readWrite | truncate));
      expect(await content('file')).toBe('');
    });

    it('append behind whatever is there by then', async () => {
      const [first, second] = [await create('log', readWrite | append), await open('log', 1 | append)];
      await write(first, 0, 'one');
      await write(second, 0, 'two');
      expect(await content('log')).toBe('onetwo');
    });

    it('are refused through a fid that is open for reading', async () => {
      await create('file');
      await expect(write(await open('file'), 0, 'x')).rejects.toMatchObject(errno('EBADF'));
      await expect(write(await client.walk(root, 'file'), 0, 'x')).rejects.toMatchObject(errno('EBADF'));
    });

    it('set attributes, and only those that are named', async () => {
      await write(await create('file'), 0, 'content');
      const fid = await client.walk(root, 'file');
      const given = { seconds: -5, nanoseconds: 7 };
      const none = { seconds: 0, nanoseconds: 0 };
      const request: Request = {
        type: 'setattr',
        fid,
        valid: 0,
        mode: 0o4711,
        uid: 1,
        gid: 2,
        size: 3,
        atime: none,
        mtime: given,
      };
      await client.ask('setattr', request);
      expect(await stat('file')).toMatchObject({ mode: 0o100640, uid: 1000, gid: 50, size: 7 });
      await client.ask('setattr', { ...request, valid: 1 | 2 | 4 | 8 | 0x20 | 0x100 });
      expect(await stat('file')).toMatchObject({ mode: 0o104711, uid: 1, gid: 2, size: 3, mtime: given });
      await client.ask('setattr', { ...request, valid: 0x20 });
      expect((await stat('file')).mtime.seconds).toBeGreaterThan(1_700_000_000);
    });

    it('make and remove directories, links and nodes', async () => {
      await mkdir('dir', 0o1777);
      expect(await stat('dir')).toMatchObject({ mode: 0o041777, links: 2 });
      await create('inside', readWrite, 'dir');
      await expect(unlinkat('dir', 0x200)).rejects.toMatchObject(errno('ENOTEMPTY'));
      await expect(unlinkat('dir')).rejects.toMatchObject(errno('EISDIR'));
      await client.ask('symlink', { type: 'symlink', fid: root, name: 'sym', target: 'dir/inside', gid: 0 });
      const sym = await client.walk(root, 'sym');
      expect(await client.ask('readlink', { type: 'readlink', fid: sym })).toMatchObject({ target: 'dir/inside' });
      const fid = await client.walk(root, 'dir/inside');
      await client.ask('link', { type: 'link', directory: root, fid, name: 'hard' });
      expect((await stat('hard')).qid).toEqual((await stat('dir/inside')).qid);
      expect((await stat('hard')).links).toBe(2);
      const node = { type: 'mknod', fid: root, name: 'null', mode: 0o020666, major: 1, minor: 3, gid: 0 } as const;
      await client.ask('mknod', node);
      expect(await stat('null')).toMatchObject({ mode: 0o020666, device: 0x103 });
      await expect(client.ask('mknod', node)).rejects.toMatchObject(errno('EEXIST'));
      await unlinkat('hard');
      await expect(unlinkat('sym', 0x200)).rejects.toMatchObject(errno('ENOTDIR'));
      expect(await names('')).toEqual(['dir', 'sym', 'null']);
    });

    it('refuse what is no name', async () => {
      for (const name of ['', '.', '..', 'a/b', 'a\0b'])
        await expect(mkdir(name)).rejects.toMatchObject(errno('EINVAL'));
      await expect(mkdir('ü'.repeat(128))).rejects.toMatchObject(errno('ENAMETOOLONG'));
      await mkdir('ü'.repeat(127));
    });

    it('rename over what is there, and not into itself', async () => {
      await write(await create('a'), 0, 'a');
      await write(await create('b'), 0, 'b');
      await mkdir('dir');
      await renameat('a', 'b');
      expect(await content('b')).toBe('a');
      await expect(renameat('a', 'c')).rejects.toMatchObject(errno('ENOENT'));
      await expect(renameat('b', 'dir')).rejects.toMatchObject(errno('EISDIR'));
      await expect(renameat('dir', 'b')).rejects.toMatchObject(errno('ENOTDIR'));
      const dir = await client.walk(root, 'dir');
      await expect(renameat('dir', 'below', root, dir)).rejects.toMatchObject(errno('EINVAL'));
      await renameat('b', 'c', root, dir);
      expect(await names('dir')).toEqual(['c']);
      expect(await names('')).toEqual(['dir']);
    });

    it('keep fids with their file when it is renamed: the old requests by fid still find it', async () => {
      await create('a');
      const fid = await client.walk(root, 'a');
      await renameat('a', 'b');
      await client.ask('rename', { type: 'rename', fid, directory: root, name: 'c' });
      expect(await names('')).toEqual(['c']);
      await client.ask('remove', { type: 'remove', fid });
      expect(await names('')).toEqual([]);
      await expect(client.clunk(fid)).rejects.toMatchObject(errno('EBADF'));
    });

    it('remove the fid even when the file cannot be removed', async () => {
      await mkdir('dir');
      await create('inside', readWrite, 'dir');
      const fid = await client.walk(root, 'dir');
      await expect(client.ask('remove', { type: 'remove', fid })).rejects.toMatchObject(errno('ENOTEMPTY'));
      await expect(client.clunk(fid)).rejects.toMatchObject(errno('EBADF'));
      await expect(client.ask('remove', { type: 'remove', fid: root })).rejects.toMatchObject(errno('EBUSY'));
    });

    it('leave a file that was removed to who has it open', async () => {
      const fid = await create('file');
      await write(fid, 0, 'still here');
      await unlinkat('file');
      expect(await client.readAll(fid)).toEqual(bytes('still here'));
      expect(await made.files()).toBe(2);
      await client.clunk(fid);
      expect(await made.files()).toBe(1);
    });

    it('leave it to a machine that was saved with it open, and let go when that ends', async () => {
      const fid = await create('file');
      await unlinkat('file');
      const { state } = server;
      const later = new NineServer({ tree: made.tree, maxMessageBytes: 65_536 }, structuredClone(state));
      server.dispose();
      expect(await made.files()).toBe(2);
      const again = new NineClient(later);
      await again.ask('write', { type: 'write', fid, offset: 0, data: bytes('x') });
      later.dispose();
      expect(await made.files()).toBe(1);
    });

    it('go on listing a directory while it changes: each that stays comes once', async () => {
      for (let file = 0; file < 30; file += 1) await client.clunk(await create(`f${file}`));
      const fid = await open('');
      const seen: string[] = [];
      for (let offset = 0, turn = 0; ; turn += 1) {
        const { data } = await client.ask('readdir', { type: 'readdir', fid, offset, count: 100 });
        if (data.length === 0) break;
        const entries = parseDirectoryEntries(data);
        seen.push(...entries.map(({ name }) => name));
        offset = entries.at(-1)?.offset ?? 0;
        if (turn < 5) await unlinkat(`f${turn}`);
      }
      const stayed = Array.from({ length: 25 }, (_, file) => `f${file + 5}`);
      expect(seen.filter((name) => stayed.includes(name))).toEqual(stayed);
      expect(new Set(seen).size).toBe(seen.length);
    });

    it('set, read and remove extended attributes', async () => {
      await create('file');
      const set = async (value: string, flags = 0, size = value.length) => {
        const fid = await client.walk(root, 'file');
        await client.ask('xattrcreate', { type: 'xattrcreate', fid, name: 'user.note', size, flags });
        if (value !== '') await write(fid, 0, value);
        await client.clunk(fid);
      };
      const get = async (name: string) => {
        const newFid = client.newFid();
        await client.ask('xattrwalk', { type: 'xattrwalk', fid: await client.walk(root, 'file'), newFid, name });
        return new TextDecoder().decode(await client.readAll(newFid));
      };
      await set('hello');
      expect(await get('user.note')).toBe('hello');
      expect(await get('')).toBe('user.note\0');
      await expect(set('again', 1)).rejects.toMatchObject(errno('EEXIST'));
      await expect(set('short', 0, 10)).rejects.toMatchObject(errno('EINVAL'));
      await expect(set('longer', 0, 2)).rejects.toMatchObject(errno('ENOSPC'));
      await set('');
      expect(await get('user.note')).toBe('');
      await set('', 2);
      await expect(get('user.note')).rejects.toMatchObject(errno('ENODATA'));
      await expect(set('new', 2)).rejects.toMatchObject(errno('ENODATA'));
    });

    it('are durable when an fsync is answered', async () => {
      const fid = await create('file');
      await client.ask('fsync', { type: 'fsync', fid, dataSync: 0 });
      expect(made.syncs()).toBe(1);
    });
  });

  describe('byte-range locks through the 9P server', () => {
    const owner = { process: 1, client: 'one' };
    const [shared, only, none] = [0, 1, 2];
    let fid: number;
    beforeEach(async () => {
      fid = await create('file');
    });
    const lock = async (more: Partial<RequestOf<'lock'>>) =>
      (await client.ask('lock', { type: 'lock', fid, lock: only, flags: 0, start: 0, length: 0, ...owner, ...more }))
        .status;
    const find = (more: Partial<RequestOf<'getlock'>>) =>
      client.ask('getlock', { type: 'getlock', fid, lock: only, start: 0, length: 0, ...owner, ...more });
    const other = { process: 2, client: 'two' };

    it('keep others out of the same bytes only', async () => {
      expect(await lock({ start: 10, length: 10 })).toBe(0);
      expect(await lock({ ...other, start: 0, length: 10 })).toBe(0);
      expect(await lock({ ...other, start: 20 })).toBe(0);
      expect(await lock({ ...other, start: 15, length: 1 })).toBe(1);
      expect(await find({ ...other, start: 0, length: 100 })).toMatchObject({
        lock: only,
        start: 10,
        length: 10,
        ...owner,
      });
      expect(await find({ start: 10, length: 5 })).toMatchObject({ lock: none });
    });

    it('are shared among readers', async () => {
      expect(await lock({ lock: shared })).toBe(0);
      expect(await lock({ ...other, lock: shared })).toBe(0);
      expect(await lock({ ...other, lock: only })).toBe(1);
      expect(await find({ ...other, lock: only })).toMatchObject({ lock: shared, length: 0 });
    });

    it('are split by an unlock in the middle, and replaced by the same owner', async () => {
      await lock({ start: 0, length: 30 });
      await lock({ lock: none, start: 10, length: 10 });
      expect(await lock({ ...other, start: 10, length: 10 })).toBe(0);
      expect(await lock({ ...other, start: 0, length: 10 })).toBe(1);
      expect(await lock({ ...other, start: 20, length: 10 })).toBe(1);
      await lock({ lock: shared, start: 0, length: 10 });
      expect(await lock({ ...other, lock: shared, start: 0, length: 10 })).toBe(0);
    });

    it('are had still by a machine that was saved with them', async () => {
      await lock({ start: 5, length: 10 });
      await lock({ start: 30 });
      await lock({ lock: none, start: 40, length: 2 });
      const { state } = server;
      await lock({ lock: none });
      const later = new NineServer({ tree: made.tree, maxMessageBytes: 65_536 }, structuredClone(state));
      expect(later.state.at(-1)).toEqual(state.at(-1));
      const tried = [
        [0, 5],
        [14, 1],
        [15, 15],
        [40, 2],
        [99, 1],
      ] as const;
      const statuses = [];
      for (const [start, length] of tried) statuses.push(await lock({ ...other, start, length }));
      expect(statuses).toEqual([0, 1, 0, 0, 1]);
      later.dispose();
    });

    it('of no known kind are refused', async () => {
      await expect(lock({ lock: 7 })).rejects.toMatchObject(errno('EINVAL'));
    });
  });
}
