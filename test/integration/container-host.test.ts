import { packTar, unpackTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerHost } from '../../src/api/container-host';
import type { Digest } from '../../src/api/content-store';
import type { Process } from '../../src/api/instance';
import {
  type ContainerLab,
  createContainerLab,
  execIn,
  hasHostPrograms,
  nextNews,
  outcomeOf,
  plainConfig,
  plainContainer,
  textReader,
} from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { shell } from '../support/node-lab';

const bytesOf = async (stream: ReadableStream<Uint8Array>) =>
  new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());

const tarOf = async (entries: Parameters<typeof packTar>[0]) =>
  new Blob([new Uint8Array(await packTar(entries))]).stream();

const copy = { noOverwriteDirNonDir: false };

describe.skipIf(!hasHostPrograms || !hasFileSystemTools)('a host of containers', () => {
  let made: ContainerLab;
  let host: ContainerHost;
  let busybox: readonly Digest[];
  const inHost = (command: string) => shell(made.lab.instance(host.instance), command);

  beforeAll(async () => {
    made = await createContainerLab();
    busybox = await made.loadImage('busybox');
    host = await made.hosts.open();
  });
  afterAll(() => made.dispose());

  it('is made and started by itself when the first is asked for', () => {
    const [record] = made.lab.list();
    expect(record).toMatchObject({ name: 'host-1', state: { phase: 'running' }, startMethod: 'restored' });
    expect(made.hosts.hosts).toEqual([host]);
  });

  it('runs a program of an image from the store, and tells its streams, its code, its beginning and its end', async () => {
    const started = nextNews(host, 'started', 'first');
    const exited = nextNews(host, 'exited', 'first');
    const process = await host.run(
      plainContainer('first', busybox, ['sh', '-c', 'cat; echo out; echo err >&2; exit 7']),
    );
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode('in\n'));
    writer.releaseLock();
    expect(await outcomeOf(process)).toEqual({ code: 7, stdout: 'in\nout\n', stderr: 'err\n' });
    expect((await started).pid).toBeGreaterThan(1);
    expect(await exited).toMatchObject({ exit: { code: 7, oomKilled: false } });
  });

  it('does not sync a root that goes with its container, also when it runs again after it was cut short', async () => {
    const line = 'echo kept >> /file; sync; cat /file; grep -o " / .*volatile" /proc/mounts | wc -l';
    const spec = plainContainer('fleeting', busybox, ['sh', '-c', line], { volatile: true });
    const over = nextNews(host, 'exited', 'fleeting');
    expect(await outcomeOf(await host.run(spec))).toEqual({ code: 0, stdout: 'kept\n1\n', stderr: '' });
    // Its launcher's end may be heard of first.
    await over;
    expect(await outcomeOf(await host.run(spec))).toEqual({ code: 0, stdout: 'kept\nkept\n1\n', stderr: '' });
    const lasting = plainContainer('lasting', busybox, ['sh', '-c', line]);
    expect(await outcomeOf(await host.run(lasting))).toEqual({ code: 0, stdout: 'kept\n0\n', stderr: '' });
  });

  it('says why a program does not run, in the words and with the code that docker has for it', async () => {
    const run = (command: string) => host.run(plainContainer('failing', busybox, [command]));
    await expect(run('nonsense')).rejects.toMatchObject({
      code: 'NotFound',
      message: 'exec: "nonsense": executable file not found in $PATH',
      details: { exitCode: 127 },
    });
    await expect(run('/etc/passwd')).rejects.toMatchObject({
      message: 'exec: "/etc/passwd": permission denied',
      details: { exitCode: 126 },
    });
  });

  it('mounts paths of the shared folder, which the page and containers see at once', async () => {
    const folder = await (await made.lab.folders()).open('shared');
    await folder.makeDirectory('/work');
    await folder.write('/work/from-page', new TextEncoder().encode('hello\n'));
    const mounts = [{ kind: 'shared', path: '/work', target: '/work', readOnly: false }] as const;
    const line = 'cat /work/from-page; echo back > /work/from-container';
    const process = await host.run(plainContainer('sharing', busybox, ['sh', '-c', line], { mounts }));
    expect(await outcomeOf(process)).toEqual({ code: 0, stdout: 'hello\n', stderr: '' });
    expect(await new Response(await folder.read('/work/from-container')).text()).toBe('back\n');
    folder.dispose();
    const climbing = [{ kind: 'shared', path: '/../etc', target: '/work', readOnly: false }] as const;
    await expect(host.run(plainContainer('climbing', busybox, ['true'], { mounts: climbing }))).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
  });

  it('gives a terminal of the size that is asked for, and another when it changes', async () => {
    // A size and what is typed go separate ways, so either may come first.
    const line =
      'stty size; until [ "$(stty size)" = "40 100" ]; do sleep 0.1; done; read line; stty size; echo got $line';
    const spec = plainContainer('tty', busybox, ['sh', '-c', line], {
      config: plainConfig(['sh', '-c', line], { terminal: true }),
      terminal: { columns: 71, rows: 23 },
    });
    const process = await host.run(spec);
    const text = textReader(process);
    await text.until('23 71');
    process.resize({ columns: 100, rows: 40 });
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode('typed\n'));
    await text.until('40 100\r\ngot typed');
    expect(await process.exited).toBe(0);
  });

  describe('with a running container', () => {
    let process: Process;

    beforeAll(async () => {
      await host.createVolume('data');
      process = await host.run(
        plainContainer('web', busybox, ['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 1; done'], {
          mounts: [
            { kind: 'file', text: '10.0.0.9 friend\n', target: '/etc/hosts' },
            { kind: 'volume', volume: 'data', target: '/data', readOnly: false, seed: true },
          ],
        }),
      );
    });

    it('runs further programs in it, in its namespaces', async () => {
      expect(await execIn(host, 'web', 'hostname; cat /etc/hosts; echo $PPID; ls / | head -3')).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^box\n10.0.0.9 friend\n/),
        stderr: '',
      });
      const { process: wrong } = plainConfig(['nonsense']);
      await expect(host.exec('web', wrong)).rejects.toMatchObject({
        message: 'exec: "nonsense": executable file not found in $PATH',
        details: { exitCode: 127 },
      });
      await expect(host.exec('nobody', wrong)).rejects.toMatchObject({ code: 'NotFound' });
    });

    it('tells what its cgroup counts, what runs in it and what the kernel knows of it', async () => {
      expect(await host.counters('web')).toMatchObject({ memoryLimitBytes: 32 * 1024 * 1024, pidsLimit: 64 });
      const [first] = await host.processes('web');
      expect(first).toMatchObject({ innerPid: 1, uid: 0, command: expect.stringContaining('trap') });
      expect(await host.inspect('web')).toMatchObject({ pid: first?.pid, seccomp: { mode: 'disabled' } });
      expect([...(await host.running()).keys()]).toEqual(['web']);
      const { totalBytes, availableBytes } = await host.memory();
      expect(availableBytes).toBeLessThan(totalBytes);
    });

    it('stops and goes on', async () => {
      await host.pause('web');
      expect((await host.running()).get('web')).toMatchObject({ paused: true });
      await host.resume('web');
      expect((await host.running()).get('web')).toMatchObject({ paused: false });
      await host.update('web', { pids: { limit: 20 } });
      expect(await host.counters('web')).toMatchObject({ pidsLimit: 20 });
    });

    it('has not changed a directory in which only things were mounted, until its mode or owner is another', async () => {
      const changed = async (): Promise<readonly string[]> => (await host.changes('web')).map(({ path }) => path);
      expect(await changed()).not.toContain('/etc');
      await execIn(host, 'web', 'chmod 700 /etc');
      expect(await changed()).toContain('/etc');
      await execIn(host, 'web', 'chmod 755 /etc && chown 7 /etc');
      expect(await changed()).toContain('/etc');
      await execIn(host, 'web', 'chown 0 /etc');
      expect(await changed()).not.toContain('/etc');
    });

    it('says what it changed, and gives that as a layer', async () => {
      const line =
        'echo new > /root/new && rm /etc/group && chmod 600 /etc/passwd && mkdir -p /srv/deep && ln -s /etc /srv/link';
      expect(await execIn(host, 'web', line)).toMatchObject({ code: 0, stderr: '' });
      const changes = await host.changes('web');
      expect(changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual(
        expect.arrayContaining([
          'modified /etc',
          'deleted /etc/group',
          'modified /etc/passwd',
          'modified /root',
          'added /root/new',
          'added /srv/deep',
          'added /srv/link',
        ]),
      );
      expect(changes.some(({ path }) => /^\/(proc|sys|dev|data|etc\/hosts)/.test(path))).toBe(false);
      const entries = await unpackTar(await bytesOf(await host.changesLayer('web')));
      const names = entries.map(({ header }) => header.name);
      expect(names).toEqual(
        expect.arrayContaining(['etc/', 'etc/.wh.group', 'etc/passwd', 'root/new', 'srv/deep/', 'srv/link']),
      );
      expect(names.some((name) => name.startsWith('proc') || name.startsWith('data'))).toBe(false);
    });

    it('copies files out and in, and no link leads out', async () => {
      await execIn(
        host,
        'web',
        'ln -s /etc/shadow-of-host /root/evil; ln -s ../../../../../../.. /root/up; echo inside > /marker',
      );
      await inHost('echo outside > /marker; mkdir -p /host-only');
      expect(await host.statPath('web', '/root/up')).toMatchObject({ name: 'up', linkTarget: '../../../../../../..' });
      expect(await host.statPath('web', '/root/up/marker')).toMatchObject({ name: 'marker', size: 7 });
      const [marker] = await unpackTar(await bytesOf(await host.copyOut('web', '/root/up/marker')));
      expect(new TextDecoder().decode(marker?.data)).toBe('inside\n');
      await expect(host.statPath('web', '/root/up/host-only')).rejects.toMatchObject({ code: 'NotFound' });
      const tar = await tarOf([{ header: { name: 'put/file', size: 3, mode: 0o640, uid: 3, gid: 4 }, body: 'abc' }]);
      await host.copyIn('web', '/root/up', tar, copy);
      expect((await execIn(host, 'web', 'stat -c "%a %u %g" /put/file; cat /put/file')).stdout).toBe('640 3 4\nabc');
      expect((await inHost('ls /put')).code).not.toBe(0);
      const climbing = await tarOf([{ header: { name: '../climbed', size: 1 }, body: 'x' }]);
      await expect(host.copyIn('web', '/root', climbing, copy)).rejects.toMatchObject({ code: 'InvalidArgument' });
      const directory = await tarOf([{ header: { name: 'marker/', type: 'directory', size: 0 } }]);
      await expect(host.copyIn('web', '/', directory, { ...copy, noOverwriteDirNonDir: true })).rejects.toMatchObject({
        message: 'cannot overwrite non-directory "marker" with directory',
      });
    });

    it('keeps what is in a volume, whoever writes it', async () => {
      await execIn(host, 'web', 'echo kept > /data/file');
      const mounts = [{ kind: 'volume', volume: 'data', target: '/mnt', readOnly: true, seed: false }] as const;
      const other = await host.run(
        plainContainer('reader', busybox, ['sh', '-c', 'cat /mnt/file; echo no > /mnt/file'], { mounts }),
      );
      expect(await outcomeOf(other)).toMatchObject({
        code: 1,
        stdout: 'kept\n',
        stderr: expect.stringMatching(/[Rr]ead-only/),
      });
      expect(await host.volumeBytes('data')).toBeGreaterThan(0);
      const tar = await host.exportVolume('data');
      await host.importVolume('copy', tar);
      expect((await inHost('cat /var/lib/strata/volumes/copy/_data/file')).stdout).toBe('kept\n');
    });

    it('ends by a signal, and its files can be looked at and changed then', async () => {
      const exited = nextNews(host, 'exited', 'web');
      await host.kill('web', 'SIGTERM');
      expect(await process.exited).toBe(5);
      expect(await exited).toMatchObject({ exit: { code: 5 } });
      expect(await host.statPath('web', '/root/up/marker')).toMatchObject({ size: 7 });
      const tar = await tarOf([{ header: { name: 'later', size: 3 }, body: 'abc' }]);
      await host.copyIn('web', '/root/up', tar, copy);
      const [later] = await unpackTar(await bytesOf(await host.copyOut('web', '/later')));
      expect(new TextDecoder().decode(later?.data)).toBe('abc');
      const again = await host.run(plainContainer('web', busybox, ['cat', '/later', '/root/new']));
      expect(await outcomeOf(again)).toMatchObject({ code: 0, stdout: 'abcnew\n' });
    });

    it('is still known while a part of it cannot be removed', async () => {
      const held = '/run/strata/bundles/web/held';
      await inHost(`mkdir -p ${held} && mount -t tmpfs none ${held}`);
      await expect(host.removeRoot('web')).rejects.toThrow('held');
      // The runtime answers in turn: by then it has done all that it was asked for.
      await host.volumeBytes('data');
      const left = await inHost('ls /var/lib/strata/containers/web');
      await inHost(`umount ${held}`);
      expect(left.stdout).toContain('root.json');
    });

    it('is gone with all that it wrote when its root is removed', async () => {
      await host.removeRoot('web');
      await expect(host.statPath('web', '/')).rejects.toMatchObject({ code: 'NotFound' });
      expect((await inHost('ls /var/lib/strata/containers')).stdout).not.toContain('web');
    });
  });
});
