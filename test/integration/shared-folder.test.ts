import { packTar, unpackTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SharedFolder } from '../../src/api/shared-folder';
import { canBuildFileCalls, putFileCalls } from '../support/file-calls';
import { createImageLab, type ImageLab } from '../support/image-lab';
import { shell, smallVm } from '../support/node-lab';

const shares = [{ tag: 'shared', folder: 'shared', at: '/shared' }];
const bytes = (text: string) => new TextEncoder().encode(text);

describe('a folder that machines and the page have in use together', () => {
  let made: ImageLab;
  let folder: SharedFolder;
  const ids: string[] = [];
  const run = async (machine: number, command: string): Promise<string> => {
    const { code, stdout, stderr } = await shell(made.lab.instance(ids[machine] ?? ''), command);
    expect({ code, stderr }, command).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const start = async (name: string): Promise<number> => {
    const { id } = await made.lab.create({ ...smallVm, name, shares });
    ids.push(id);
    await made.lab.start(id).finished;
    return ids.length - 1;
  };
  const text = async (path: string) => new Response(await folder.read(path)).text();

  beforeAll(async () => {
    made = await createImageLab();
    const folders = await made.lab.folders();
    await folders.create('shared', { quotaBytes: 16 * 1024 * 1024 });
    folder = await folders.open('shared');
    await Promise.all(['one', 'two'].map(start));
  });
  afterAll(() => made.dispose());

  it('is mounted where it was wanted, and says how large it is', async () => {
    expect(made.lab.instance(ids[0] ?? '').startMethod).toBe('restored');
    expect(
      await run(0, 'grep " /shared 9p " /proc/mounts | wc -l; df -m /shared | tail -1 | tr -s " " | cut -d " " -f 2'),
    ).toBe('1\n16\n');
  });

  it('shows at once what another has done: written, renamed, removed', async () => {
    await run(0, 'mkdir /shared/d && echo hello > /shared/d/a && cat /shared/d/a >/dev/null');
    expect(
      await run(1, 'cat /shared/d/a && echo more >> /shared/d/a && mv /shared/d/a /shared/d/b && ls /shared/d'),
    ).toBe('hello\nb\n');
    expect(await run(0, 'test ! -e /shared/d/a && cat /shared/d/b')).toBe('hello\nmore\n');
    expect(await text('/d/b')).toBe('hello\nmore\n');
    await folder.write('/d/b', bytes('from the page\n'));
    await folder.rename('/d/b', '/d/c');
    expect(await run(1, 'cat /shared/d/*; rm -r /shared/d')).toBe('from the page\n');
    expect(await folder.list('/')).toEqual([]);
  });

  it('takes lines from both at once, none lost or torn', async () => {
    const lines = (name: string) => `i=0; while [ $i -lt 50 ]; do echo "${name} $i" >> /shared/log; i=$((i + 1)); done`;
    await Promise.all([run(0, lines('one')), run(1, lines('two'))]);
    const found = (await text('/log')).trim().split('\n');
    const expected = ['one', 'two'].flatMap((name) => Array.from({ length: 50 }, (_, line) => `${name} ${line}`));
    expect(found.sort()).toEqual(expected.sort());
    await folder.remove('/log');
  });

  it('is full for all when its quota is used, and what was there is whole', async () => {
    await run(0, 'echo kept > /shared/kept');
    const { code, stderr } = await shell(
      made.lab.instance(ids[1] ?? ''),
      'dd if=/dev/zero of=/shared/large bs=256k count=100',
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain('No space left on device');
    expect(await run(0, 'cat /shared/kept; rm /shared/large; echo again > /shared/kept; cat /shared/kept')).toBe(
      'kept\nagain\n',
    );
    await folder.remove('/kept');
  });

  it.skipIf(!canBuildFileCalls)('is locked against the other machine, until the one that locks has ended', async () => {
    const put = putFileCalls();
    await Promise.all([run(0, put), run(1, put)]);
    const machine = await start('locker');
    await run(machine, put);
    await run(machine, 'touch /shared/lock');
    const process = await made.lab
      .instance(ids[machine] ?? '')
      .exec({ argv: ['/bin/sh', '-c', '/tmp/file-calls hold /shared/lock 0 10'] });
    const reader = process.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('0\n');
    const first = async () => (await run(0, '/tmp/file-calls lock /shared/lock 5 10')).split('\n')[0];
    expect(await first()).toBe('-11');
    await made.lab.kill(ids[machine] ?? '').finished;
    expect(await first()).toBe('0');
    await folder.remove('/lock');
  });

  it('comes and goes as a tar that other programs read and write', async () => {
    const archive = await packTar([
      { header: { name: 'site/', type: 'directory', mode: 0o750, size: 0 } },
      { header: { name: 'site/index.html', mode: 0o640, uid: 7, size: 6 }, body: 'hello\n' },
      { header: { name: 'site/again', type: 'link', linkname: 'site/index.html', size: 0 } },
      { header: { name: 'site/link', type: 'symlink', linkname: 'index.html', size: 0 } },
    ]);
    await folder.importTar(new Blob([archive as Uint8Array<ArrayBuffer>]).stream());
    expect(
      await run(0, 'cd /shared/site; stat -c "%a %u %h" index.html; cat link; echo "new page" > new; tar cf /tmp/t . '),
    ).toBe('640 7 2\nhello\n');
    const taken = await unpackTar(new Uint8Array(await new Response(folder.exportTar('/site')).arrayBuffer()));
    expect(taken.map(({ header }) => [header.name, header.type])).toEqual([
      ['index.html', 'file'],
      ['again', 'link'],
      ['link', 'symlink'],
      ['new', 'file'],
    ]);
    expect(await text('/site/link')).toBe('hello\n');
    await folder.remove('/site');
    expect(await run(1, 'ls /shared')).toBe('');
  });

  it('cannot be removed while machines have it, and its page is told of changes by paths', async () => {
    const folders = await made.lab.folders();
    await expect(folders.remove('shared')).rejects.toMatchObject({ code: 'FailedPrecondition' });
    const changed = new Promise((resolve) => {
      const listening = folder.changes((paths) => {
        if (!paths.includes('/told')) return;
        listening.dispose();
        resolve(true);
      });
    });
    await run(0, 'echo x > /shared/told');
    expect(await changed).toBe(true);
  });
});
