import { packTar, type TarEntry } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SharedFolder } from '../../api/shared-folder';
import { systemClock } from '../../base/clock';
import { Emitter } from '../../base/events';
import { FakeClock, settle } from '../../base/fake-clock';
import { FolderStore } from '../../storage/folders/folder-store';
import { MemoryFolderBackend } from '../../storage/folders/memory-folder-backend';
import { ShareAttachments } from '../share-attachments';
import { LabFolders } from './lab-folders';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('shared folders as the lab uses them', () => {
  let store: FolderStore;
  let storeLost: Emitter<void>;
  let attachments: ShareAttachments;
  let folders: LabFolders;
  let folder: SharedFolder;
  const backend = () => new MemoryFolderBackend({ limit: 1_000_000 });
  let kept: MemoryFolderBackend;
  beforeEach(async () => {
    kept = backend();
    store = new FolderStore(kept, systemClock);
    storeLost = new Emitter();
    const current = () => store;
    attachments = new ShareAttachments({
      shares: {
        openLayer: async () => new MessageChannel().port1,
        get folders() {
          return current();
        },
      },
      session: 'lab',
      randomId: () => crypto.randomUUID(),
      storeLost: storeLost.event,
      clock: systemClock,
      failed: (error) => {
        throw error;
      },
    });
    folders = new LabFolders({ folders: store, attachments, session: 'lab', clock: systemClock });
    await folders.create('work');
    folder = await folders.open('work');
  });
  afterEach(async () => {
    folders.dispose();
    attachments.dispose();
    await store.dispose();
  });

  const text = async (path: string) => new Response(await folder.read(path)).text();
  const names = async (path: string) => (await folder.list(path)).map(({ name }) => name);

  it('make, write, list, rename and remove files by their paths', async () => {
    await folder.makeDirectory('/a/b');
    await folder.makeDirectory('a/b/');
    await folder.write('/a/b/large', new Uint8Array(700_000).fill(7));
    await folder.write('a/note', new Blob(['hello']).stream());
    expect(await folder.find('/a/note')).toMatchObject({ name: 'note', kind: 'file', size: 5, mode: 0o644 });
    expect((await folder.find('/a/b/large'))?.size).toBe(700_000);
    await folder.rename('/a/note', '/a/b/moved');
    expect(await names('/a/b')).toEqual(['large', 'moved']);
    expect(await text('/a/b/../b/./moved')).toBe('hello');
    await folder.remove('/a');
    expect(await names('/')).toEqual([]);
    expect(await folder.find('/a/b')).toBeUndefined();
  });

  it('leave nothing of a file whose writing was cut short', async () => {
    const stream = new TransformStream<Uint8Array, Uint8Array>();
    const writer = stream.writable.getWriter();
    const written = folder.write('/page', stream.readable).catch((error: unknown) => error);
    await writer.write(bytes('half of'));
    expect([await names('/'), await folders.list()]).toMatchObject([[], [{ files: 1 }]]);
    // The page goes, and its store with it; the next one knows nobody who comes back.
    folders.dispose();
    const clock = new FakeClock(0);
    const next = new FolderStore(kept, clock);
    await next.list('another page');
    await clock.advance(60_000);
    await settle();
    expect(await next.list('another page')).toMatchObject([{ name: 'work', files: 0 }]);
    await next.dispose();
    await writer.abort();
    await written;
  });

  it('leave nothing behind when the name was taken by a directory meanwhile', async () => {
    const stream = new TransformStream<Uint8Array, Uint8Array>();
    const writer = stream.writable.getWriter();
    const written = folder.write('/page', stream.readable);
    await writer.write(bytes('text'));
    await folder.makeDirectory('/page');
    await writer.close();
    await expect(written).rejects.toMatchObject({ code: expect.any(String) });
    expect(await folder.list('/')).toMatchObject([{ name: 'page', kind: 'directory' }]);
  });

  it('replace a file at once: a reader has the old one whole or the new one', async () => {
    await folder.write('/page', bytes('the old one'));
    const reader = (await folder.read('/page')).getReader();
    const stream = new TransformStream<Uint8Array, Uint8Array>();
    const writer = stream.writable.getWriter();
    const written = folder.write('/page', stream.readable);
    await writer.write(bytes('the new'));
    expect(await text('/page')).toBe('the old one');
    await writer.close();
    await written;
    expect(await text('/page')).toBe('the new');
    await reader.cancel();
    expect(await names('/')).toEqual(['page']);
  });

  it('are listed with each name once, while files take the place of others', async () => {
    // So many that others are written while one listing goes on.
    const all = Array.from({ length: 20 }, (_, index) => `file-${index}`);
    for (const name of all) await folder.write(`/${name}`, bytes('old'));
    let writing = true;
    const listed: (readonly string[])[] = [];
    const list = async () => {
      while (writing) listed.push(await names('/'));
    };
    const replace = async () => {
      for (let round = 0; round < 10; round += 1)
        for (const name of all) await folder.write(`/${name}`, bytes(`new ${round}`));
      writing = false;
    };
    await Promise.all([list(), replace()]);
    expect(listed.length).toBeGreaterThan(10);
    for (const each of listed) expect(each.filter((name) => !name.startsWith('.')).sort()).toEqual([...all].sort());
  });

  it('leave nothing behind of what could not be written', async () => {
    const full = folder.write('/large', new Uint8Array(2_000_000));
    await expect(full).rejects.toMatchObject({ code: 'ResourceExhausted' });
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error('The file is gone')),
    });
    await expect(folder.write('/broken', broken)).rejects.toThrow('The file is gone');
    expect(await names('/')).toEqual([]);
  });

  it('say what is wrong with a path', async () => {
    await folder.write('/file', bytes('x'));
    await folder.makeDirectory('/directory');
    await expect(folder.read('/none')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(folder.read('/directory')).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(folder.write('/directory', bytes('x'))).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(folder.write('/none/file', bytes('x'))).rejects.toMatchObject({ code: 'NotFound' });
    await expect(folder.list('/file')).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(folder.makeDirectory('/file/x')).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(folder.remove('/')).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(folder.rename('/file', '/directory')).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(folders.open('none')).rejects.toMatchObject({ code: 'NotFound' });
  });

  const tar = async (entries: readonly TarEntry[]) =>
    new Blob([(await packTar([...entries])) as Uint8Array<ArrayBuffer>]).stream();
  const link = (name: string, linkname: string, type: 'link' | 'symlink' = 'symlink'): TarEntry => ({
    header: { name, type, linkname, size: 0 },
  });
  const plain = (name: string, body = 'x'): TarEntry => ({ header: { name, size: body.length, mode: 0o600 }, body });
  const directory = (name: string): TarEntry => ({ header: { name, type: 'directory', size: 0 } });

  it('follow links that stay inside, and no others', async () => {
    await folder.importTar(
      await tar([
        plain('a/file', 'inside'),
        link('one', 'a/file'),
        link('a/up', '../a'),
        link('loop', 'loop'),
        link('out', '/etc/passwd'),
      ]),
    );
    expect(await text('/one')).toBe('inside');
    expect(await text('/a/up/up/file')).toBe('inside');
    expect(await folder.find('/out')).toMatchObject({ kind: 'symlink', target: '/etc/passwd' });
    await expect(folder.read('/out')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(folder.read('/loop')).rejects.toMatchObject({ code: 'InvalidArgument', details: { errno: 'ELOOP' } });
  });

  it('come back from a tar as they went into it', async () => {
    await folder.importTar(
      await tar([
        plain('d/large', 'y'.repeat(300_000)),
        plain('d/empty', ''),
        link('d/hard', 'd/large', 'link'),
        link('d/s', 'large'),
      ]),
    );
    const taken = folder.exportTar('/d');
    await folder.makeDirectory('/copy');
    await folder.importTar(taken, '/copy');
    expect(await folder.list('/copy')).toEqual(await folder.list('/d'));
    expect(await text('/copy/hard')).toBe('y'.repeat(300_000));
  });

  it('are what a tar has last, where it has them twice', async () => {
    const twice = [plain('a', 'first'), link('b', 'a', 'link'), plain('a', 'second'), plain('c', 'x'), plain('c', 'y')];
    await folder.importTar(await tar(twice));
    expect([await text('/a'), await text('/b'), await text('/c')]).toEqual(['second', 'first', 'y']);
    await folder.importTar(await tar([plain('d', ''), directory('d'), plain('d/e')]));
    expect(await names('/d')).toEqual(['e']);
  });

  it.each([
    ['leads out', [plain('../evil')]],
    ['leads out further down', [plain('a/../../evil')]],
    ['leads through a link', [link('way', '/'), plain('way/evil')]],
    ['has a hard link to what is outside', [link('hard', '../../etc/passwd', 'link')]],
    ['has a hard link to nothing', [link('hard', 'none', 'link')]],
  ])('refuse a tar that %s', async (_, entries) => {
    await folder.makeDirectory('/in');
    await expect(folder.importTar(await tar(entries), '/in')).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(await names('/')).toEqual(['in']);
  });

  it('tell what a tar would replace, and write nothing', async () => {
    await folder.importTar(
      await tar([
        plain('in/a/b/file'),
        plain('in/a/other'),
        link('in/link', 'a'),
        directory('in/empty'),
        plain('in/was'),
      ]),
    );
    const entries = [
      ...[directory('a'), plain('a/b/file', 'new'), plain('./a/b/file', 'newer'), plain('a/b/new'), plain('new/file')],
      ...[link('link', 'a/b'), plain('a/other'), plain('empty'), directory('was'), plain('none'), plain('was/file')],
    ];
    const before = await new Response(folder.exportTar()).arrayBuffer();
    expect(await folder.findReplaced(await tar(entries), '/in')).toEqual({
      paths: ['a/b/file', 'link', 'a/other', 'empty', 'was'],
      more: false,
    });
    expect(await new Response(folder.exportTar()).arrayBuffer()).toEqual(before);
    await folder.importTar(await tar(entries), '/in');
    expect([await text('/in/a/b/file'), await text('/in/was/file')]).toEqual(['newer', 'x']);
  });

  it('name no more than a thousand of those that a tar would replace', async () => {
    const entries = Array.from({ length: 1001 }, (_, at) => plain(`file-${at}`));
    await folder.importTar(await tar(entries.slice(1)));
    const { paths, more } = await folder.findReplaced(await tar([...entries, ...entries]));
    expect([paths.length, paths[0], more]).toEqual([1000, 'file-1', false]);
    await folder.write('/file-0', bytes('x'));
    expect(await folder.findReplaced(await tar(entries))).toMatchObject({ paths: { length: 1000 }, more: true });
  });

  it.each([
    ['leads out', 'InvalidArgument', [plain('../evil')]],
    ['leads through a file', 'InvalidArgument', [plain('file/x')]],
    ['has a file where a directory is not empty', 'FailedPrecondition', [plain('full')]],
  ])('say before anything is written that a tar %s', async (_, code, entries) => {
    await folder.write('/file', bytes('x'));
    await folder.makeDirectory('/full/x');
    await expect(folder.findReplaced(await tar([plain('first'), ...entries]))).rejects.toMatchObject({ code });
    await expect(folder.importTar(await tar(entries))).rejects.toMatchObject({ code });
    await expect(folder.findReplaced(new Blob(['no tar'.repeat(200)]).stream())).rejects.toThrow(/sound tar/);
  });

  it('stop looking what a tar would replace when that is not wanted any more', async () => {
    const aborting = new AbortController();
    const onProgress = (): void => aborting.abort();
    const pieces = (await tar([plain('a', 'y'.repeat(5000))])).pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          for (let at = 0; at < chunk.length; at += 512) controller.enqueue(chunk.subarray(at, at + 512));
        },
      }),
    );
    const stopped = folder.findReplaced(pieces, '/', { signal: aborting.signal, onProgress });
    await expect(stopped).rejects.toMatchObject({ code: 'Canceled' });
  });

  it('go on when the store is started again', async () => {
    await folder.write('/file', bytes('before'));
    store = new FolderStore(kept, systemClock);
    storeLost.fire();
    await folder.write('/file', bytes('after'));
    expect(await text('/file')).toBe('after');
  });
});
