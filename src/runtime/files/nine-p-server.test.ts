import { beforeAll, describe, expect, it } from 'vitest';
import type { FileTree } from '../../api/file-tree';
import { createDeferred, type Deferred } from '../../base/deferred';
import { printedRandom } from '../../base/seed-fixture';
import { linuxErrno } from '../../formats/linux-errno';
import { parseHeader, serializeRequest } from '../../formats/nine-p/codec';
import { noFid, noTag, type Request, requestNumbers } from '../../formats/nine-p/messages';
import type { FileAccess } from './file-access-fixture';
import { createConformanceLayer, testLayerFiles } from './layer-files.conformance';
import { buildLayer, directory, file, layerSource } from './layer-fixture';
import { LayerStackTree } from './layer-stack-tree';
import { LayerTree } from './layer-tree';
import { mountNineP } from './nine-p-access-fixture';
import { NineClient } from './nine-p-client-fixture';
import { NineServer } from './nine-p-server';

const maxMessageBytes = 512 * 1024;
const serve = (tree: FileTree): NineServer => new NineServer({ tree, maxMessageBytes });

const small = buildLayer({
  dir: { file: file('content'), other: file('x') },
  link: { kind: 'symlink', target: 'dir', mode: 0o777 },
  opaque: directory({}, { opaque: true }),
});

/** A tree whose reads wait until they are let go. */
class HeldTree extends LayerTree {
  readonly held: Deferred<void>[] = [];

  override async read(inode: number, offset: number, length: number) {
    const gate = createDeferred<void>();
    this.held.push(gate);
    await gate.promise;
    return super.read(inode, offset, length);
  }
}

const errno = (name: keyof typeof linuxErrno) => ({ errno: linuxErrno[name] });

describe('a layer through a 9P client of ours', () => {
  let access: FileAccess;
  beforeAll(async () => {
    access = await mountNineP(serve(new LayerTree(layerSource(createConformanceLayer()))));
  });
  testLayerFiles(() => access);
});

describe('a layer as one of several of a share', () => {
  let access: FileAccess;
  beforeAll(async () => {
    const layers = [layerSource(small), layerSource(createConformanceLayer())];
    access = await mountNineP(serve(new LayerStackTree(layers)), { tree: '/1' });
  });
  testLayerFiles(() => access);
});

describe('several layers of a share', () => {
  it('are directories by their number, with inodes of their own', async () => {
    const access = await mountNineP(serve(new LayerStackTree([layerSource(small), layerSource(small)])));
    expect(await access.list('/')).toEqual(['.', '..', '0', '1']);
    expect(await access.list('/1/dir')).toEqual(['.', '..', 'file', 'other']);
    const paths = ['/', '/0', '/0/dir', '/0/dir/file', '/1', '/1/dir', '/1/dir/file'];
    const stats = await Promise.all(paths.map((path) => access.stat(path)));
    expect(new Set(stats.map(({ inode }) => inode)).size).toBe(paths.length);
    expect(await access.read('/1/dir/file')).toEqual(new TextEncoder().encode('content'));
    await expect(access.stat('/2')).rejects.toMatchObject(errno('ENOENT'));
  });
});

describe('the 9P server', () => {
  const mount = (options: Parameters<typeof NineClient.mount>[1] = {}) =>
    NineClient.mount(serve(new LayerTree(layerSource(small))), options);

  it('agrees on the smaller message size, and on no other protocol', async () => {
    const client = new NineClient(serve(new LayerTree(layerSource(small))));
    const version = (msize: number, name: string) =>
      client.ask('version', { type: 'version', msize, version: name }, noTag);
    expect(await version(8192, '9P2000.L')).toEqual({ type: 'version', msize: 8192, version: '9P2000.L' });
    expect(await version(1 << 30, '9P2000.L')).toMatchObject({ msize: maxMessageBytes });
    expect(await version(8192, '9P2000.u')).toMatchObject({ version: 'unknown' });
    await expect(version(100, '9P2000.L')).rejects.toMatchObject(errno('EINVAL'));
  });

  it('never answers with more than was agreed', async () => {
    const tree = new LayerTree(layerSource(buildLayer({ big: file(new Uint8Array(100_000)) })));
    const { client, root } = await NineClient.mount(serve(tree), { msize: 4096 });
    const fid = await client.walk(root, 'big');
    await client.ask('lopen', { type: 'lopen', fid, flags: 0 });
    const { data } = await client.ask('read', { type: 'read', fid, offset: 0, count: 50_000 });
    expect(data).toHaveLength(4096 - 11);
  });

  it('forgets all fids when a client begins anew', async () => {
    const { client, root } = await mount();
    await client.ask('version', { type: 'version', msize: 8192, version: '9P2000.L' }, noTag);
    await expect(client.walk(root, 'dir')).rejects.toMatchObject(errno('EBADF'));
  });

  it('does not authenticate', async () => {
    const { client } = await mount();
    const auth = client.ask('auth', { type: 'auth', fid: 9, user: '', tree: '', uid: 0 });
    await expect(auth).rejects.toMatchObject(errno('EOPNOTSUPP'));
    const attach = client.ask('attach', { type: 'attach', fid: 9, authFid: 8, user: '', tree: '', uid: 0 });
    await expect(attach).rejects.toMatchObject(errno('EOPNOTSUPP'));
  });

  it('attaches to a directory below, out of which nothing leads', async () => {
    const { client, root } = await mount({ tree: '/dir' });
    const up = await client.walk(root, '../../..');
    await client.ask('lopen', { type: 'lopen', fid: up, flags: 0 });
    const entries = await client.readDirectory(up);
    expect(entries.map(({ name }) => name)).toEqual(['.', '..', 'file', 'other']);
    expect(entries[0]?.qid.path).toBe(entries[1]?.qid.path);
    await expect(mount({ tree: '/none' })).rejects.toMatchObject(errno('ENOENT'));
  });

  it('walks as far as there are names, and makes a fid only for all of them', async () => {
    const { client, root } = await mount();
    const walk = (fid: number, newFid: number, names: readonly string[]) =>
      client.ask('walk', { type: 'walk', fid, newFid, names });
    expect((await walk(root, 50, ['dir', 'none', 'x'])).qids).toHaveLength(1);
    await expect(walk(root, 50, ['none'])).rejects.toMatchObject(errno('ENOENT'));
    await expect(client.ask('clunk', { type: 'clunk', fid: 50 })).rejects.toMatchObject(errno('EBADF'));
    expect((await walk(root, 50, [])).qids).toHaveLength(0);
    await expect(walk(root, 50, [])).rejects.toMatchObject(errno('EBADF'));
    const aFile = await client.walk(root, 'dir/file');
    await expect(walk(aFile, 51, ['x'])).rejects.toMatchObject(errno('ENOTDIR'));
    expect((await walk(50, 50, ['dir', '..', 'dir', '.', 'file'])).qids).toHaveLength(5);
  });

  it('refuses what open(2) refuses', async () => {
    const { client, root } = await mount();
    const open = async (path: string, flags: number) =>
      client.ask('lopen', { type: 'lopen', fid: await client.walk(root, path), flags });
    await expect(open('dir', 1)).rejects.toMatchObject(errno('EISDIR'));
    await expect(open('dir/file', 0o200000)).rejects.toMatchObject(errno('ENOTDIR'));
    await expect(open('link', 0)).rejects.toMatchObject(errno('ELOOP'));
    await expect(open('dir/file', 2)).rejects.toMatchObject(errno('EROFS'));
    await expect(open('dir/file', 0o1000)).rejects.toMatchObject(errno('EROFS'));
    const fid = await client.walk(root, 'dir/file');
    await expect(client.readAll(fid)).rejects.toMatchObject(errno('EBADF'));
    await client.ask('lopen', { type: 'lopen', fid, flags: 0 });
    await expect(client.ask('lopen', { type: 'lopen', fid, flags: 0 })).rejects.toMatchObject(errno('EBADF'));
  });

  it('changes nothing of a layer', async () => {
    const { client, root } = await mount();
    const [dir, aFile] = [await client.walk(root, 'dir'), await client.walk(root, 'dir/file')];
    const time = { seconds: 0, nanoseconds: 0 };
    const attempts: Request[] = [
      { type: 'mkdir', fid: dir, name: 'new', mode: 0o755, gid: 0 },
      { type: 'symlink', fid: dir, name: 'new', target: 'x', gid: 0 },
      { type: 'mknod', fid: dir, name: 'new', mode: 0o010600, major: 0, minor: 0, gid: 0 },
      { type: 'link', directory: dir, fid: aFile, name: 'new' },
      { type: 'unlinkat', directory: dir, name: 'file', flags: 0 },
      { type: 'renameat', oldDirectory: dir, oldName: 'file', newDirectory: dir, newName: 'new' },
      { type: 'rename', fid: aFile, directory: dir, name: 'new' },
      { type: 'xattrcreate', fid: aFile, name: 'user.x', size: 1, flags: 0 },
      { type: 'setattr', fid: aFile, valid: 1, mode: 0, uid: 0, gid: 0, size: 0, atime: time, mtime: time },
      { type: 'remove', fid: aFile },
    ];
    for (const attempt of attempts) {
      expect(await client.send(attempt), attempt.type).toEqual({ type: 'error', ...errno('EROFS') });
    }
  });

  it('tells overlayfs of an opaque directory, and lists its attribute', async () => {
    const { client, root } = await mount();
    const read = async (path: string, name: string) => {
      const [fid, newFid] = [await client.walk(root, path), client.newFid()];
      await client.ask('xattrwalk', { type: 'xattrwalk', fid, newFid, name });
      return new TextDecoder().decode(await client.readAll(newFid));
    };
    expect(await read('opaque', 'trusted.overlay.opaque')).toBe('y');
    expect(await read('opaque', '')).toBe('trusted.overlay.opaque\0');
    expect(await read('dir', '')).toBe('');
    await expect(read('dir', 'trusted.overlay.opaque')).rejects.toMatchObject(errno('ENODATA'));
  });

  it('goes on with a directory where any entry said, in parts of any size', async () => {
    const { client, root } = await mount();
    const fid = await client.walk(root, 'dir');
    await client.ask('lopen', { type: 'lopen', fid, flags: 0 });
    const whole = await client.readDirectory(fid);
    expect(await client.readDirectory(fid, 30)).toEqual(whole);
    for (const [index, { offset }] of whole.entries()) {
      const reply = await client.ask('readdir', { type: 'readdir', fid, offset, count: 8192 });
      expect(reply.data.length === 0).toBe(index === whole.length - 1);
    }
    const small = client.ask('readdir', { type: 'readdir', fid, offset: 0, count: 10 });
    await expect(small).rejects.toMatchObject(errno('EINVAL'));
  });

  it('grants every lock where nothing is shared', async () => {
    const { client, root } = await mount();
    const fid = await client.walk(root, 'dir/file');
    const range = { fid, start: 0, length: 0, process: 1, client: 'vm' };
    expect(await client.ask('lock', { type: 'lock', ...range, lock: 1, flags: 0 })).toMatchObject({ status: 0 });
    expect(await client.ask('getlock', { type: 'getlock', ...range, lock: 1 })).toMatchObject({ lock: 2 });
    await client.ask('fsync', { type: 'fsync', fid, dataSync: 0 });
  });

  it('goes on with the fids it was saved with', async () => {
    const tree = new LayerTree(layerSource(small));
    const server = serve(tree);
    const { client, root } = await NineClient.mount(server, { msize: 8192 });
    const [fid, attribute] = [await client.walk(root, 'dir/file'), client.newFid()];
    await client.ask('lopen', { type: 'lopen', fid, flags: 0 });
    const opaque = await client.walk(root, 'opaque');
    await client.ask('xattrwalk', {
      type: 'xattrwalk',
      fid: opaque,
      newFid: attribute,
      name: 'trusted.overlay.opaque',
    });
    const later = new NineClient(new NineServer({ tree, maxMessageBytes }, structuredClone(server.state)));
    expect(await later.readAll(fid)).toEqual(new TextEncoder().encode('content'));
    expect(await later.readAll(attribute)).toEqual(new TextEncoder().encode('y'));
    const up = await later.ask('walk', { type: 'walk', fid: opaque, newFid: 90, names: ['..', 'dir'] });
    expect(up.qids).toHaveLength(2);
  });
});

describe('requests under way at the 9P server', () => {
  async function held() {
    const tree = new HeldTree(layerSource(small));
    const { client, root } = await NineClient.mount(serve(tree));
    const fid = await client.walk(root, 'dir/file');
    await client.ask('lopen', { type: 'lopen', fid, flags: 0 });
    const order: string[] = [];
    const send = (name: string, message: Request, tag: number) =>
      client.send(message, tag).then((reply) => {
        order.push(name);
        return reply;
      });
    return { tree, client, fid, order, send, read: { type: 'read', fid, offset: 0, count: 9 } as const };
  }

  it('are answered as they are done', async () => {
    const { tree, send, read, order, client, fid } = await held();
    const reads = [send('first', read, 1), send('second', read, 2)];
    // Metadata waits for nobody.
    await client.ask('getattr', { type: 'getattr', fid, mask: 0 });
    tree.held[1]?.resolve();
    await reads[1];
    tree.held[0]?.resolve();
    expect(await reads[0]).toMatchObject({ type: 'read' });
    expect(order).toEqual(['second', 'first']);
  });

  it('are ended by a flush, which is answered after them', async () => {
    const { tree, send, read, order } = await held();
    const reading = send('read', read, 1);
    const flushing = send('flush', { type: 'flush', oldTag: 1 }, 2);
    expect(await flushing).toEqual({ type: 'flush' });
    expect(await reading).toEqual({ type: 'error', ...errno('EINTR') });
    expect(order).toEqual(['read', 'flush']);
    // The tag is free again, and the late answer is not heard.
    const again = send('again', read, 1);
    tree.held[0]?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['read', 'flush']);
    tree.held[1]?.resolve();
    expect(await again).toMatchObject({ type: 'read' });
  });

  it('are flushed when there are none, at once', async () => {
    const { client } = await held();
    expect(await client.ask('flush', { type: 'flush', oldTag: 77 })).toEqual({ type: 'flush' });
  });

  it('are ended when the client begins anew', async () => {
    const { send, read, client } = await held();
    const reading = send('read', read, 1);
    await client.ask('version', { type: 'version', msize: 8192, version: '9P2000.L' }, noTag);
    expect(await reading).toEqual({ type: 'error', ...errno('EINTR') });
  });

  it('cannot share a tag', async () => {
    const { tree, send, read } = await held();
    const reading = send('read', read, 1);
    expect(await send('second', read, 1)).toEqual({ type: 'error', ...errno('EBUSY') });
    tree.held[0]?.resolve();
    expect(await reading).toMatchObject({ type: 'read' });
  });
});

describe('a hostile client of the 9P server', () => {
  it('gets exactly one reply to whatever it sends, of bounded size', async () => {
    const server = serve(new LayerStackTree([layerSource(small), layerSource(small)]));
    const random = printedRandom('9P server');
    const { client, root } = await NineClient.mount(server);
    const numbers = Object.values(requestNumbers).filter((number) => number !== requestNumbers.version);
    let answered = 0;
    const inputs = 20_000;
    for (let input = 0; input < inputs; input += 1) {
      const length = 7 + random.below(40);
      const bytes = random.chance(0.5) ? random.bytes(length) : lowNumbers(length, random);
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      view.setUint32(0, bytes.length, true);
      bytes[4] = numbers[random.below(numbers.length)] ?? 0;
      view.setUint16(5, input & 0xfff, true);
      let replies = 0;
      server.serve(bytes, (pieces) => {
        replies += 1;
        answered += 1;
        const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
        if (parseHeader(pieces[0] ?? new Uint8Array(0))?.size !== size) throw new Error('A reply of another size');
      });
      if (replies > 1) throw new Error('Two replies');
    }
    expect(answered).toBe(inputs);
    server.serve(new Uint8Array(3), (pieces) => expect(pieces).toEqual([]));
    server.serve(serializeRequest({ tag: 1, message: { type: 'clunk', fid: noFid } }), (pieces) =>
      expect(pieces).toHaveLength(1),
    );
    const fresh = await NineClient.mount(server);
    expect(await fresh.client.walk(fresh.root, '0/dir/file')).toBeGreaterThan(0);
    expect(client).not.toBe(fresh.client);
    expect(root).toBe(fresh.root);
  });
});

/** Numbers that are likely to be fids, lengths and names. */
function lowNumbers(length: number, random: ReturnType<typeof printedRandom>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map(() => (random.chance(0.7) ? random.below(3) : random.below(256)));
}
