import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostPrograms } from '../../../test/support/host-programs';
import { GuestFolder } from './guest-folder';

describe('the files of a guest', () => {
  let root: string;
  let folder: GuestFolder;
  let changed: string[];

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'guest-folder-'));
    folder = new GuestFolder(hostPrograms);
    changed = [];
    folder.changes((paths) => changed.push(...paths));
  });
  afterEach(() => rm(root, { recursive: true }));

  const read = async (path: string): Promise<string> => new Response(await folder.read(path)).text();

  it('are listed by name, hidden ones, links and odd names too', async () => {
    await mkdir(join(root, 'b dir'));
    await writeFile(join(root, '-n'), '12345');
    await writeFile(join(root, '.hidden'), '');
    await writeFile(join(root, "it's $(x) `y`"), '');
    await symlink('b dir/x', join(root, 'link'));
    const entries = await folder.list(root);
    expect(entries.map(({ name, kind }) => [name, kind])).toEqual([
      ['-n', 'file'],
      ['.hidden', 'file'],
      ['b dir', 'directory'],
      ["it's $(x) `y`", 'file'],
      ['link', 'symlink'],
    ]);
    expect(entries[0]).toMatchObject({ size: 5 });
    expect(entries[4]).toMatchObject({ target: 'b dir/x' });
    expect(await folder.list(join(root, 'b dir'))).toEqual([]);
  });

  it('are listed once, whatever names and links there are beside them', async () => {
    await writeFile(join(root, 'x'), '12345');
    await writeFile(join(root, 'x\ny'), '');
    await writeFile(join(root, 'a\n81a4 1 1 1 1 x'), '');
    await symlink('nowhere\n81a4 1 1 1 1 x', join(root, 'link'));
    await symlink('there', join(root, 'tab\tlink'));
    await symlink('there', join(root, 'line\nlink'));
    await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff])]), '');
    const entries = await folder.list(root);
    expect(entries.map(({ name, size, target }) => [name, size, target])).toEqual([
      ['link', 0, 'nowhere'],
      ['tab\tlink', 0, 'there'],
      ['x', 5, undefined],
    ]);
  });

  it('are found, or are not there', async () => {
    await writeFile(join(root, 'a'), 'abc');
    await symlink('nowhere', join(root, 'link'));
    expect(await folder.find(join(root, 'link'))).toMatchObject({ name: 'link', kind: 'symlink', target: 'nowhere' });
    expect(await folder.find(join(root, 'a'))).toMatchObject({ name: 'a', kind: 'file', size: 3 });
    expect(await folder.find(join(root, 'b'))).toBeUndefined();
  });

  it('are written whole and keep their rights, and what reads them gets every byte', async () => {
    const path = join(root, 'run me');
    await writeFile(path, 'old');
    await chmod(path, 0o751);
    const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7) & 255);
    await folder.write(path, new Blob([bytes]).stream());
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
    expect((await stat(path)).mode & 0o777).toBe(0o751);
    const again = await new Response(await folder.read(path)).arrayBuffer();
    expect(Buffer.compare(new Uint8Array(again), bytes)).toBe(0);
    await folder.write(path, new Uint8Array(0));
    expect(await read(path)).toBe('');
    expect(changed).toEqual([root, root]);
  });

  it('are as they were when what was to be written comes to no end', async () => {
    const path = join(root, 'a');
    await writeFile(path, 'old');
    const stop = new AbortController();
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(1000));
        stop.abort();
      },
    });
    await expect(folder.write(path, endless, { signal: stop.signal })).rejects.toThrow();
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(root)).toEqual(['a']);
  });

  it('are as they were when what was to be written fails in the middle', async () => {
    const path = join(root, 'a');
    await writeFile(path, 'old');
    const bytes = [new Uint8Array(1000), new Uint8Array(1000)];
    const failing = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = bytes.pop();
        if (next) controller.enqueue(next);
        else controller.error(new Error('The file could not be read'));
      },
    });
    await expect(folder.write(path, failing)).rejects.toThrow('The file could not be read');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(root)).toEqual(['a']);
    expect(changed).toEqual([]);
  });

  it('are not written in a directory that has the name', async () => {
    const path = join(root, 'd');
    await mkdir(path);
    await expect(folder.write(path, new Uint8Array(1))).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: `${path} is a folder: choose another name`,
    });
    expect(await readdir(root, { recursive: true })).toEqual(['d']);
  });

  it('take no name that something has', async () => {
    await writeFile(join(root, 'a'), 'a');
    await writeFile(join(root, 'b'), 'b');
    await mkdir(join(root, 'd'));
    await symlink('nowhere', join(root, 'link'));
    for (const name of ['b', 'd', 'link']) {
      await expect(folder.rename(join(root, 'a'), join(root, name))).rejects.toMatchObject({ code: 'AlreadyExists' });
    }
    expect((await readdir(root)).sort()).toEqual(['a', 'b', 'd', 'link']);
    expect(await readFile(join(root, 'b'), 'utf8')).toBe('b');
    expect(await readlink(join(root, 'link'))).toBe('nowhere');
  });

  it('are made, renamed and removed', async () => {
    const [made, renamed] = [join(root, 'x/y'), join(root, 'x/z')];
    await folder.makeDirectory(made);
    await folder.rename(made, renamed);
    expect((await folder.list(join(root, 'x'))).map(({ name }) => name)).toEqual(['z']);
    await folder.remove(join(root, 'x'));
    expect(await folder.list(root)).toEqual([]);
    expect(changed).toEqual([join(root, 'x'), join(root, 'x'), join(root, 'x'), root]);
  });

  it('say why they cannot be had', async () => {
    const none = join(root, 'none');
    const refused = { code: 'Unavailable', message: expect.stringContaining('none') };
    await expect(folder.list(none)).rejects.toMatchObject(refused);
    await expect(read(none)).rejects.toMatchObject(refused);
    await expect(folder.write(join(none, 'a'), new Uint8Array(1))).rejects.toMatchObject(refused);
    await expect(folder.rename(none, join(root, 'x'))).rejects.toMatchObject(refused);
    expect(changed).toEqual([]);
  });
});
