import { unpackTar } from 'modern-tar';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerCreateBody, HostConfig } from '../../src/api/container';
import type { LabContainers } from '../../src/engine/containers/engine';
import { hasHostPrograms } from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { createEngineLab, type EngineLab } from '../support/engine-lab';
import { shell as hostShell } from '../support/node-lab';
import { execContainer, runContainer, startContainer } from '../support/run-container';

/** A hang guard: a cold guest on a busy machine takes its time. */
const guardMs = 300_000;

/** What `docker run` can be told of a container, and what its kernel then says; by the engine, on one real guest. */
describe.skipIf(!hasHostPrograms || !hasFileSystemTools)('settings of a container', { timeout: guardMs }, () => {
  let made: EngineLab;
  let engine: LabContainers;

  beforeAll(async () => {
    made = await createEngineLab();
    engine = made.engine;
  }, guardMs);
  afterEach(async () => {
    for (const { Id } of await engine.containers.list({ all: true })) {
      await engine.containers.remove(Id, { force: true, volumes: true });
    }
  });
  afterAll(() => made.dispose(), guardMs);

  const shell = (script: string, HostConfig: HostConfig = {}, more: Partial<ContainerCreateBody> = {}) =>
    runContainer(engine, ['sh', '-c', script], { ...more, HostConfig });

  it('an init of its own is the first process, and buries what nobody waits for', async () => {
    const script =
      'cat /proc/1/comm; sh -c "sleep 0 & exit"; until ! grep -q "^State:.Z" /proc/[0-9]*/status; do :; done';
    expect(await shell(script, { Init: true })).toMatchObject({ out: 'docker-init\n', code: 0 });
  });

  it('a device of the host is there by the name and with the rights that were given', async () => {
    const Devices = [{ PathOnHost: '/dev/kmsg', PathInContainer: '/dev/told', CgroupPermissions: 'r' }];
    const script = 'stat -c "%t %T" /dev/told; : < /dev/told && echo read; true > /dev/told || echo refused';
    const { out, err } = await shell(script, { Devices });
    expect([out, err]).toEqual(['1 b\nread\nrefused\n', expect.stringContaining('Operation not permitted')]);
  });

  it('settings of its own namespaces are set, and those of the whole host refused in docker’s words', async () => {
    const script = 'cd /proc/sys; cat net/ipv4/ip_forward kernel/msgmax net/ipv4/ip_unprivileged_port_start';
    const own = await shell(script, { Sysctls: { 'net.ipv4.ip_forward': '1', 'kernel.msgmax': '4000' } });
    expect(own.out).toBe('1\n4000\n0\n');
    await expect(shell('true', { Sysctls: { 'kernel.panic': '1' } })).rejects.toThrow(
      'sysctl "kernel.panic" is not in a separate kernel namespace',
    );
  });

  it('limits of processor, memory, processes and disk are those of its cgroup', async () => {
    const script = 'cd /sys/fs/cgroup; cat cpu.max cpu.weight cpuset.cpus memory.low pids.max io.max';
    const { out } = await shell(script, {
      NanoCpus: 5e8,
      CpuShares: 512,
      CpusetCpus: '0',
      Memory: 16 * 1024 ** 2,
      MemoryReservation: 8 * 1024 ** 2,
      PidsLimit: 20,
      BlkioDeviceReadBps: [{ Path: '/dev/vda', Rate: 1_000_000 }],
      BlkioDeviceWriteIOps: [{ Path: '/dev/vda', Rate: 100 }],
    });
    expect(out).toBe('50000 100000\n20\n0\n8388608\n20\n254:0 rbps=1000000 wbps=max riops=max wiops=100\n');
  });

  it('what no kernel of a host can is told in docker’s words, and the container runs all the same', async () => {
    const { Id, Warnings } = await engine.containers.create({
      Image: 'busybox',
      Cmd: ['true'],
      HostConfig: { BlkioWeight: 300, MemorySwappiness: 10, OomKillDisable: true, Memory: 16 * 1024 ** 2 },
    });
    expect(Warnings).toEqual([
      'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
      'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
      'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
    ]);
    const { ended } = await engine.containers.wait(Id, 'next-exit');
    await engine.containers.start(Id);
    expect(await ended).toEqual({ StatusCode: 0 });
  });

  it('the score for the killer of memory, limits of a user and a root that is only read hold, in further programs too', async () => {
    const id = await startContainer(engine, {
      HostConfig: {
        OomScoreAdj: 500,
        Ulimits: [{ Name: 'nofile', Soft: 50, Hard: 60 }],
        ReadonlyRootfs: true,
        Tmpfs: { '/scratch': 'size=1m,mode=700' },
      },
    });
    const script =
      'ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj; touch /etc/x || echo sealed; touch /scratch/x && stat -c %a /scratch; dd if=/dev/zero of=/scratch/full bs=64k 2>&1 | grep -o "No space.*"';
    const { out, err } = await execContainer(engine, id, script);
    expect(out).toBe('50\n60\n500\nsealed\n700\nNo space left on device\n');
    expect(err).toContain('Read-only file system');
  });

  it('limits of one that runs are changed', async () => {
    const id = await startContainer(engine, { HostConfig: { Memory: 16 * 1024 ** 2, PidsLimit: 20 } });
    await engine.containers.update(id, {
      Memory: 24 * 1024 ** 2,
      MemorySwap: 48 * 1024 ** 2,
      PidsLimit: -1,
      NanoCpus: 2e8,
    });
    const { out } = await execContainer(engine, id, 'cd /sys/fs/cgroup; cat memory.max pids.max cpu.max');
    expect(out).toBe(`${24 * 1024 ** 2}\nmax\n20000 100000\n`);
    expect((await engine.containers.inspect(id)).HostConfig).toMatchObject({ Memory: 24 * 1024 ** 2, NanoCpus: 2e8 });
  });

  it('a profile of the user’s own decides over system calls, or none', async () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 }],
    };
    const own = await shell('mkdir /x; grep Seccomp: /proc/self/status', {
      SecurityOpt: [`seccomp=${JSON.stringify(profile)}`],
    });
    expect([own.out, own.err]).toEqual(['Seccomp:\t2\n', expect.stringContaining('No space left on device')]);
    const script =
      'unshare -U true && echo free; grep -E "Seccomp:|NoNew" /proc/self/status; touch /proc/sys/kernel/panic';
    const none = await shell(script, {
      SecurityOpt: ['seccomp=unconfined', 'no-new-privileges', 'systempaths=unconfined'],
    });
    expect([none.out, none.err]).toEqual(['free\nNoNewPrivs:\t1\nSeccomp:\t0\n', '']);
  });

  it('root inside is nobody outside, with files that are its own', async () => {
    const HostConfig: HostConfig = { UsernsMode: 'private', Binds: ['mapped:/data'] };
    const id = await startContainer(engine, { HostConfig });
    const { uidMap, user } = await kernelOf(id);
    expect([user, uidMap]).toEqual([100_000, [{ inside: 0, outside: 100_000, size: 65_536 }]]);
    const script =
      'id -u; stat -c %u /bin/busybox /etc /data; touch /new /data/new && chown 7:8 /new && stat -c "%u %g" /new /data/new; chown 5 /etc/passwd && cut -c1-5 /etc/passwd | head -1';
    const inside = await execContainer(engine, id, script);
    expect(inside).toEqual({ out: '0\n0\n0\n0\n7 8\n0 0\nroot:\n', err: '', code: 0 });
    expect((await execContainer(engine, id, 'id -u; touch /tmp/own && stat -c %u /tmp/own', 'nobody')).out).toBe(
      '65534\n65534\n',
    );
    const paths = (await engine.containers.changes(id)).map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['/new', '/etc/passwd', '/tmp/own']));
    expect(paths).not.toContain('/bin');
    const { tar } = await engine.containers.copyOut(id, '/new');
    const [copied] = await unpackTar(new Uint8Array(await new Response(tar).arrayBuffer()));
    expect(copied?.header).toMatchObject({ uid: 7, gid: 8 });
    await engine.containers.kill(id);
    // As its disk keeps it.
    const again = await engine.containers.copyOut(id, '/etc/passwd');
    const [passwd] = await unpackTar(new Uint8Array(await new Response(again.tar).arrayBuffer()));
    expect([passwd?.header.uid, new TextDecoder().decode(passwd?.data).slice(0, 5)]).toEqual([5, 'root:']);
  });

  it('the owners that a user namespace sees are kept on the host as long as a container needs them', async () => {
    const HostConfig: HostConfig = { UsernsMode: 'private' };
    const [first, second] = [
      await startContainer(engine, { HostConfig }),
      await startContainer(engine, { HostConfig }),
    ];
    const host = engine.hosts.hosts[0]?.instance ?? '';
    const kept = async () => (await hostShell(made.lab.instance(host), 'ls /var/lib/strata/shifted | wc -l')).stdout;
    expect(await kept()).toBe('1\n');
    await engine.containers.remove(first, { force: true });
    expect(await kept()).toBe('1\n');
    expect((await execContainer(engine, second, 'stat -c %u /etc')).out).toBe('0\n');
    await engine.containers.remove(second, { force: true });
    expect(await kept()).toBe('0\n');
    expect((await shell('stat -c %u /etc; id -u', HostConfig)).out).toBe('0\n0\n');
  });

  it('what contradicts a user namespace is refused in docker’s words', async () => {
    const UsernsMode = 'private';
    await expect(shell('true', { UsernsMode, NetworkMode: 'host' })).rejects.toThrow(
      "cannot share the host's network namespace when user namespaces are enabled",
    );
    await expect(shell('true', { UsernsMode, PidMode: 'host' })).rejects.toThrow(
      'cannot share the host PID namespace when user namespaces are enabled',
    );
    await expect(shell('true', { Runtime: 'other' })).rejects.toThrow('unknown or invalid runtime name: other');
  });

  it('an export of one that runs has its files, and nothing of what is mounted in it', async () => {
    const id = await startContainer(engine, { HostConfig: { Binds: ['kept:/data'] } });
    await execContainer(engine, id, 'echo here > /file; echo there > /data/file');
    const tar = await new Response(await engine.containers.export(id)).arrayBuffer();
    const names = (await unpackTar(new Uint8Array(tar))).map(({ header }) => header.name.replace(/^\.\//, ''));
    expect(names).toEqual(expect.arrayContaining(['file', 'data/', 'proc/', 'etc/passwd']));
    expect(names.filter((name) => /^(proc|sys|dev|data)\/./.test(name))).toEqual([]);
  });

  it('a program that cannot join a container is refused in docker’s words, with its exit code', async () => {
    const id = await startContainer(engine);
    for (const [command, code, why] of [
      ['nothing-like-it', 127, 'exec: "nothing-like-it": executable file not found in $PATH'],
      ['/etc/passwd', 126, 'exec: "/etc/passwd": permission denied'],
    ] as const) {
      const { Id } = await engine.execs.create(id, { Cmd: [command], AttachStdout: true });
      await expect(engine.execs.start(Id, { detach: true })).rejects.toMatchObject({
        code: 'InvalidArgument',
        message: `OCI runtime exec failed: exec failed: unable to start container process: ${why}: unknown`,
      });
      expect(await engine.execs.inspect(Id)).toMatchObject({ Running: false, ExitCode: code });
    }
    expect((await execContainer(engine, id, 'exit 127')).code).toBe(127);
  });

  async function kernelOf(id: string) {
    const { user } = (await engine.containers.inspectKernel(id)) as {
      readonly user: { readonly uid: readonly number[]; readonly uidMap: unknown };
    };
    return { user: user.uid[0], uidMap: user.uidMap };
  }
});
