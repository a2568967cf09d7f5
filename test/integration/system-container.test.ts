import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabContainers } from '../../src/engine/containers/engine';
import { hasHostPrograms } from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { createEngineLab, type EngineLab } from '../support/engine-lab';
import { execContainer, outputOf } from '../support/run-container';

const inittab = `
::sysinit:/bin/sh -c "hostname inner; mount -t tmpfs tmpfs /run; echo up"
::respawn:/bin/httpd -f -p 80 -h /srv
::respawn:/bin/sh -c "echo \\$\\$ > /run/beat; exec sleep 100000"
::shutdown:/bin/sh -c "echo down"
`;

/** A hang guard: a cold guest on a busy machine takes its time. */
const guardMs = 300_000;

/** `docker run --runtime system`: an init and what it supervises, in one container of an ordinary image. */
describe.skipIf(!hasHostPrograms || !hasFileSystemTools)('a system container', { timeout: guardMs }, () => {
  let made: EngineLab;
  let engine: LabContainers;
  let id: string;

  beforeAll(async () => {
    made = await createEngineLab();
    engine = made.engine;
    const plain = await engine.containers.create({ Image: 'busybox', Cmd: ['true'] });
    const directory = (name: string) => ({ header: { name, type: 'directory' as const, mode: 0o755, size: 0 } });
    const file = (name: string, body: string) => ({ header: { name, mode: 0o644, size: body.length }, body });
    const tar = await packTar([
      directory('run/'),
      directory('srv/'),
      file('srv/index.html', 'served\n'),
      file('etc/inittab', inittab),
      { header: { name: 'sbin/init', type: 'symlink', linkname: '/bin/busybox', size: 0 } },
    ]);
    await engine.containers.copyIn(plain.Id, '/', new Blob([new Uint8Array(tar)]).stream());
    await engine.containers.commit(plain.Id, { reference: 'booted:1' });
    await engine.containers.remove(plain.Id);
    ({ Id: id } = await engine.containers.create(
      { Image: 'booted:1', HostConfig: { Runtime: 'system' } },
      { name: 'system' },
    ));
    await engine.containers.start(id);
  }, guardMs);
  afterAll(() => made.dispose(), guardMs);

  const inside = async (script: string) => (await execContainer(engine, id, script)).out;
  const beat = 'until [ -s /run/beat ]; do :; done; cat /run/beat';

  it('has an init as its first process, which starts two services and serves', async () => {
    const script = `${beat} > /dev/null; cat /proc/1/comm; hostname; until wget -qO- 127.0.0.1 2>/dev/null; do :; done`;
    expect(await inside(script)).toBe('init\ninner\nserved\n');
    const { Processes } = await engine.containers.top(id);
    expect(Processes.map((row) => row.at(-1))).toEqual(['init', '/bin/httpd -f -p 80 -h /srv', 'sleep 100000']);
  });

  it('starts a service again that ended', async () => {
    const first = (await inside(beat)).trim();
    const again = `kill ${first}; until [ "$(cat /run/beat)" != ${first} ] && [ -s /run/beat ]; do :; done; grep PPid /proc/$(cat /run/beat)/status`;
    expect(await inside(again)).toBe('PPid:\t1\n');
  });

  it('has the rights of root inside, and none outside', async () => {
    const script = [
      'mount -t tmpfs x /mnt 2>&1 || mount -t tmpfs x /tmp && echo mounted',
      'mkdir /sys/fs/cgroup/part; sleep 9 & echo $! > /sys/fs/cgroup/part/cgroup.procs; cat /proc/$!/cgroup',
      'date -s 2000-01-01 2>&1 | grep -o "Operation not permitted"',
      'echo 1 > /proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward',
      'echo b > /proc/sysrq-trigger || echo no sysrq',
      'true > /sys/fs/cgroup/memory.max || echo no limit',
    ].join('\n');
    const { out } = await execContainer(engine, id, script);
    expect(out.split('\n').filter((line) => !line.startsWith('mount:'))).toEqual([
      'mounted',
      '0::/part',
      'Operation not permitted',
      '1',
      'no sysrq',
      'no limit',
      '',
    ]);
    const { user } = await engine.containers.inspectKernel(id);
    expect(user.uid[0]).toBe(100_000);
  });

  it('is stopped in order: init ends what it has started, and then itself', async () => {
    await engine.containers.stop(id, { seconds: -1 });
    const { output } = await engine.containers.logs(id, { stdout: true, stderr: true });
    const { out, err } = await outputOf(output);
    expect(out.split('\n').filter((line) => line === 'up' || line === 'down')).toEqual(['up', 'down']);
    expect(err).not.toContain('panic');
    const { State } = await engine.containers.inspect(id);
    // The kernel ends the init of a pid namespace that is powered off by SIGINT (man 2 reboot).
    expect(State).toMatchObject({ Status: 'exited', ExitCode: 130 });
  });

  it('is refused an init of docker’s own beside it', async () => {
    const wish = { Image: 'booted:1', HostConfig: { Runtime: 'system', Init: true } };
    await expect(engine.containers.create(wish)).rejects.toThrow('conflicting options: --init and --runtime system');
  });
});
