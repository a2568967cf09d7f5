import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageMachine } from '../../src/engine/image-machine';
import { hasFileSystemTools } from '../support/disk-templates';
import { busyboxRoot, createImageLab, type ImageLab } from '../support/image-lab';
import { ConsoleReader, shell, smallVm } from '../support/node-lab';

/** Prints the log of the image's command once it has the word. */
const logOf = (word: string): string =>
  `while ! /bin/busybox grep -q ${word} /var/log/entrypoint.log; do sleep 0.1; done; cat /var/log/entrypoint.log`;

const command = ['/bin/sh', '-c', 'echo "$GREETING from $(id -u) in $(/bin/busybox pwd)"; exit 3'];

describe.skipIf(!hasFileSystemTools)('a machine from an image', () => {
  let made: ImageLab;
  let id: string;
  const run = (line: string) => shell(made.lab.instance(id), line);

  beforeAll(async () => {
    made = await createImageLab();
    const { lab, images, diskMiB } = made;
    const plain = await lab.create({ ...smallVm, name: 'plain' });
    await lab.start(plain.id).finished;
    const root = await busyboxRoot(lab.instance(plain.id));
    await lab.kill(plain.id).finished;
    await images.import(new Blob([root]), { reference: 'base' });
    const top = await packTar([
      { header: { name: 'etc/.wh.old', size: 0 }, body: '' },
      { header: { name: 'etc/new', mode: 0o640, uid: 7, gid: 8, size: 4 }, body: 'new\n' },
    ]);
    const run = { entrypoint: command, env: ['GREETING=hello'], workingDir: '/srv', user: 'nobody' };
    await images.commit('base', new Blob([new Uint8Array(top)]), { reference: 'web', run });
    const record = await lab.createFromImage({ image: 'web', name: 'web', diskMiB });
    ({ id } = record);
    await lab.start(id).finished;
  });
  afterAll(() => made.dispose());

  it('has the layers on top of each other as its root, for everything that runs in it', async () => {
    const { startMethod, startNote } = made.lab.instance(id);
    expect({ startMethod, startNote }).toEqual({ startMethod: 'restored', startNote: undefined });
    expect(await run('cat /etc/os-release /etc/new; ls /etc; stat -c "%a %u %g" /etc/new')).toEqual({
      code: 0,
      stdout: 'NAME=Tested\nnew\ngroup\nhostname\nhosts\nnew\nos-release\npasswd\n640 7 8\n',
      stderr: '',
    });
    expect((await run('cat /proc/1/mounts')).stdout).toMatch(/^root \/ overlay /m);
    const console = new ConsoleReader(made.lab.instance(id));
    // The image's prompt on a clean screen: nothing of the old root's shell is left to be seen.
    const afterwards = (): string => console.text.split('\x1b[3J')[1] ?? '';
    await expect
      .poll(afterwards, { timeout: 60_000 })
      .toMatch(/^\s*(BusyBox [^\n]*\s+Enter 'help'[^\n]*\s+)?root@web:\S*# /);
    console.type('cat /etc/os-release; echo the answer is $((6 * 7))\n');
    await console.until('the answer is 42');
    expect(console.text).toContain('NAME=Tested');
    console.dispose();
  });

  it('knows its name and its neighbours', async () => {
    expect((await run('hostname; cat /etc/hostname')).stdout).toBe('web\nweb\n');
    expect((await run('cat /etc/hosts')).stdout).toMatch(/\bweb\b/);
  });

  it('runs the command of the image, as its user, in its directory and environment', async () => {
    expect((await run(logOf('ended'))).stdout).toBe(
      "hello from 65534 in /srv\nThe image's command ended with code 3\n",
    );
  });

  it('keeps what it wrote when it is started again, and leaves the image as it was', async () => {
    expect(await run('echo mine > /etc/new && echo kept > /root/file && sync')).toMatchObject({ code: 0, stderr: '' });
    await made.lab.stop(id).finished;
    await made.lab.start(id).finished;
    expect((await run('cat /etc/new /root/file')).stdout).toBe('mine\nkept\n');
    const { diskMiB, lab } = made;
    const other = await lab.createFromImage({ image: 'web', name: 'other', diskMiB, command: [] });
    await lab.start(other.id).finished;
    expect((await shell(lab.instance(other.id), 'cat /etc/new; ls /root')).stdout).toBe('new\n');
    await lab.kill(other.id).finished;
    await lab.remove(other.id).finished;
  });

  it.each([
    ['daemon:nogroup', '1 65534 65534'],
    ['daemon', '1 2 2 5 7'],
    ['4711', '4711 0 0'],
    ['4711:12', '4711 12 12'],
  ])('runs the command as the user %s of the image', async (user, ids) => {
    const { lab, images, diskMiB } = made;
    const command = ['/bin/sh', '-c', 'echo $(id -u) $(id -g) $(id -G)'];
    const draft = imageMachine(await images.select('web'), { image: 'web', name: 'user', command, diskMiB });
    const { id: other } = await lab.create({
      ...draft,
      image: { ...draft.image!, command, user, cwd: '/made/for/it' },
    });
    await lab.start(other).finished;
    const log = await shell(lab.instance(other), logOf('ended'));
    expect(log.stdout).toBe(`${ids}\nThe image's command ended with code 0\n`);
    await lab.kill(other).finished;
    await lab.remove(other).finished;
  });

  it.each([
    ['a program that is not there', { command: ['/none'] }, /^\/none: No such file or directory\n.* code 127\n$/],
    ['a file that is no program', { command: ['/etc/passwd'] }, /^\/etc\/passwd: Permission denied\n.* code 126\n$/],
    ['a user that the image does not know', { user: 'who' }, /^user: who: No such user in the image\n.* code 1\n$/],
    [
      'a death by a signal',
      { command: ['/bin/sh', '-c', 'kill -9 $$'] },
      /^The image's command ended with code 137\n$/,
    ],
  ])('tells of %s in its log', async (_, change, told) => {
    const { lab, images, diskMiB } = made;
    const draft = imageMachine(await images.select('web'), { image: 'web', name: 'wrong', diskMiB });
    const { id: other } = await lab.create({ ...draft, image: { ...draft.image!, user: '', ...change } });
    await lab.start(other).finished;
    expect((await shell(lab.instance(other), logOf('ended'))).stdout).toMatch(told);
    await lab.kill(other).finished;
    await lab.remove(other).finished;
  });

  it('keeps its image from being removed for as long as it is there', async () => {
    await expect(made.images.remove('web')).rejects.toMatchObject({ code: 'FailedPrecondition' });
  });

  it('goes on as it was in a clone from its snapshot', async () => {
    const { lab } = made;
    await lab.snapshot(id, { name: 'then', notes: '' }).finished;
    const [snapshot] = lab.snapshots();
    await run('echo later > /root/file && sync');
    await lab.clone({ snapshot: snapshot?.id ?? '' }, { names: ['copy'] }).finished;
    const clone = lab.list().find(({ name }) => name === 'copy');
    expect((await shell(lab.instance(clone?.id ?? ''), 'cat /root/file; cat /etc/os-release')).stdout).toBe(
      'kept\nNAME=Tested\n',
    );
  });

  it('says why an image cannot be its root, and does not try again by a cold boot', async () => {
    const { lab, images } = made;
    const draft = imageMachine(await images.select('web'), { image: 'web', name: 'raw' });
    const { id: raw } = await lab.create({ ...draft, disks: [{ sizeMiB: 16 }] });
    await expect(lab.start(raw).finished).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringMatching(/^The image web:latest cannot be this machine's root: mount: .*vda/),
    });
    expect(lab.instance(raw).startNote).toBeUndefined();
  });

  it('says what is missing when there is no such image', async () => {
    await expect(made.lab.createFromImage({ image: 'nothing' })).rejects.toMatchObject({ code: 'NotFound' });
  });
});
