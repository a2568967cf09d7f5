import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostPrograms } from '../../test/support/host-programs';
import { fileLimit } from '../sdk/protocol';
import type { CallTarget } from './call-target';
import { instanceTarget } from './instance-target';

/** Its scripts in the shell of this machine; test/integration/embed-instances.test.ts has them in a guest. */
describe('the files of an instance, as an embedding page has them', () => {
  let root: string;
  let target: CallTarget;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'instance-target-'));
    target = instanceTarget({ instance: () => ({ exec: hostPrograms }) } as never, 'vm-1');
  });
  afterEach(() => rm(root, { recursive: true }));

  const bytesOf = (text: string) => new TextEncoder().encode(text);
  const write = (name: string, text: string) => target.write(join(root, name), bytesOf(text));
  const said = (name: string) => readFile(join(root, name), 'utf8');
  const modeOf = async (name: string) => (await stat(join(root, name))).mode & 0o7777;

  it('are written whole, and keep the mode that they have', async () => {
    await writeFile(join(root, 'run me'), 'old and longer');
    await chmod(join(root, 'run me'), 0o751);
    await write('run me', 'new');
    expect([await said('run me'), await modeOf('run me')]).toEqual(['new', 0o751]);
    await write('-n', 'made');
    expect([await said('-n'), await modeOf('-n')]).toEqual(['made', 0o644]);
    await write('line\n', 'odd');
    expect(await said('line\n')).toBe('odd');
    expect((await readdir(root)).toSorted()).toEqual(['-n', 'line\n', 'run me']);
  });

  it('are written where links lead, which stay', async () => {
    await mkdir(join(root, 'sub'));
    await writeFile(join(root, 'sub', 'real'), 'old');
    await symlink('sub', join(root, 'way'));
    await symlink('real', join(root, 'sub', 'link'));
    await write('way/link', 'new');
    expect([await said('sub/real'), await readlink(join(root, 'sub', 'link'))]).toEqual(['new', 'real']);
    await symlink('sub/made', join(root, 'dangling'));
    await write('dangling', 'made');
    expect(await said('sub/made')).toBe('made');
    expect((await readdir(join(root, 'sub'))).toSorted()).toEqual(['link', 'made', 'real']);
  });

  it('are not written where there is something else, or nothing to hold them', async () => {
    await mkdir(join(root, 'sub'));
    await symlink('sub', join(root, 'way'));
    await symlink('ring', join(root, 'ring'));
    for (const path of ['sub', 'sub/', 'way', 'made/']) {
      const refused = { code: 'InvalidArgument', message: expect.stringContaining('is no file') };
      await expect(write(path, 'lost')).rejects.toMatchObject(refused);
    }
    await expect(write('ring', 'lost')).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(write('none/file', 'lost')).rejects.toMatchObject({ code: 'NotFound' });
    expect((await readdir(root)).toSorted()).toEqual(['ring', 'sub', 'way']);
    expect(await readdir(join(root, 'sub'))).toEqual([]);
  });

  it('are read up to what a page may have, and what goes on for ever is ended', async () => {
    const path = join(root, 'all');
    await writeFile(path, new Uint8Array(fileLimit).fill(7));
    expect(await target.read(path)).toHaveLength(fileLimit);
    await writeFile(path, new Uint8Array(fileLimit + 1));
    for (const each of [path, '/dev/zero']) {
      await expect(target.read(each)).rejects.toMatchObject({ code: 'ResourceExhausted' });
    }
  });

  it('are told from directories, and from what is not there', async () => {
    await expect(target.read(root)).rejects.toMatchObject({ code: 'InvalidArgument', message: `${root} is no file` });
    const none = join(root, 'none');
    await expect(target.read(none)).rejects.toMatchObject({ code: 'NotFound', message: `No such file: ${none}` });
  });
});
