import { packTar, unpackTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerCreateBody } from '../../src/api/container';
import type { OutputChunk } from '../../src/api/container-streams';
import type { LabContainers } from '../../src/engine/containers/engine';
import type { Lab } from '../../src/engine/lab';
import { hasHostPrograms } from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { createEngineLab, type EngineLab } from '../support/engine-lab';
import { shell as guestShell } from '../support/node-lab';

async function textOf(stream: ReadableStream<OutputChunk>): Promise<{ readonly out: string; readonly err: string }> {
  const texts = { stdout: '', stderr: '' };
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { out: texts.stdout, err: texts.stderr };
    texts[value.stream] += new TextDecoder().decode(value.bytes);
  }
}

const bytesOf = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
  new Uint8Array(await new Response(stream).arrayBuffer());

describe.skipIf(!hasHostPrograms || !hasFileSystemTools)('the container engine', () => {
  let made: EngineLab;
  let engine: LabContainers;
  let lab: Lab;

  beforeAll(async () => {
    made = await createEngineLab();
    ({ engine, lab } = made);
  });
  afterAll(async () => {
    await lab.close();
    await made.dispose();
  });

  /** `docker run` in the foreground. */
  async function run(command: readonly string[], more: Partial<ContainerCreateBody> = {}, name?: string) {
    const { Id } = await engine.containers.create(
      { Image: 'busybox', Cmd: command, ...more },
      name === undefined ? {} : { name },
    );
    const streams = await engine.containers.attach(Id, { stream: true, stdout: true, stderr: true });
    const { ended } = await engine.containers.wait(Id, 'next-exit');
    await engine.containers.start(Id);
    const [text, { StatusCode: code }] = await Promise.all([textOf(streams.output), ended]);
    return { id: Id, code, ...text };
  }

  const shell = (script: string, more: Partial<ContainerCreateBody> = {}) => run(['sh', '-c', script], more);
  const sleeper = { Image: 'busybox', Cmd: ['sleep', '600'], StopSignal: 'SIGKILL' };

  it('runs a container of an image, and tells its streams, its exit code and what it was', async () => {
    const result = await shell('echo out; echo err >&2; exit 7');
    expect(result).toMatchObject({ out: 'out\n', err: 'err\n', code: 7 });
    const shown = await engine.containers.inspect(result.id);
    expect(shown.State).toMatchObject({ Status: 'exited', Running: false, ExitCode: 7, Pid: 0, Error: '' });
    expect(shown).toMatchObject({ Path: 'sh', Args: ['-c', 'echo out; echo err >&2; exit 7'] });
    const { output } = await engine.containers.logs(result.id, { stdout: true, stderr: true });
    const logged = await textOf(output);
    expect(logged).toEqual({ out: 'out\n', err: 'err\n' });
    await engine.containers.remove(result.id);
    await expect(engine.containers.inspect(result.id)).rejects.toMatchObject({
      code: 'NotFound',
      message: `No such container: ${result.id}`,
    });
  });

  it('runs a container again with what it had written', async () => {
    const { id } = await shell('echo more >> /kept; cat /kept');
    const { ended } = await engine.containers.wait(id, 'next-exit');
    const streams = await engine.containers.attach(id, { stream: true, stdout: true });
    await engine.containers.start(id);
    expect((await textOf(streams.output)).out).toBe('more\nmore\n');
    await ended;
    expect(await engine.containers.changes(id)).toContainEqual({ path: '/kept', kind: 'added' });
    await engine.containers.remove(id);
  });

  it('says why a command cannot be run, with docker’s exit codes', async () => {
    for (const [command, message, code] of [
      ['nothing-like-it', 'executable file not found in $PATH', 127],
      ['/etc/passwd', 'permission denied', 126],
    ] as const) {
      const { Id } = await engine.containers.create({ Image: 'busybox', Cmd: [command] });
      await expect(engine.containers.start(Id)).rejects.toMatchObject({
        code: 'InvalidArgument',
        message: expect.stringContaining(message),
      });
      expect((await engine.containers.inspect(Id)).State).toMatchObject({ Status: 'created', ExitCode: code });
      await engine.containers.remove(Id);
    }
  });

  it('has names once, in docker’s words, and finds containers by the beginning of their ids', async () => {
    const { Id } = await engine.containers.create(sleeper, { name: 'web' });
    await expect(engine.containers.create(sleeper, { name: 'web' })).rejects.toMatchObject({
      code: 'AlreadyExists',
      message: expect.stringContaining(`Conflict. The container name "/web" is already in use by container "${Id}"`),
    });
    expect((await engine.containers.inspect(Id.slice(0, 12))).Name).toBe('/web');
    await engine.containers.rename('web', 'site');
    expect((await engine.containers.inspect('site')).Id).toBe(Id);
    await engine.containers.remove('site');
  });

  it('gives a container docker’s environment, user, limits and rights', async () => {
    const { out, id } = await shell(
      'id -u; hostname; echo $HOME $A; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/self/status; mount -t tmpfs x /mnt || echo refused; cat /proc/1/cmdline | tr "\\0" " " | cut -c1-2',
      {
        Env: ['A=b'],
        Hostname: 'box',
        HostConfig: { Memory: 16 * 1024 * 1024, PidsLimit: 30, SecurityOpt: ['no-new-privileges'] },
      },
    );
    const lines = out.split('\n');
    expect(lines.slice(0, 5)).toEqual(['0', 'box', '/root b', String(16 * 1024 * 1024), '30']);
    expect(out).toContain('CapEff:\t00000000a80425fb');
    expect(out).toMatch(/NoNewPrivs:\t1/);
    expect(out).toMatch(/Seccomp:\t2/);
    expect(out).toContain('refused');
    await engine.containers.remove(id);
  });

  it('executes further processes, with their codes', async () => {
    const { Id } = await engine.containers.create(sleeper);
    await engine.containers.start(Id);
    const exec = async (Cmd: readonly string[], more = {}) => {
      const body = { Cmd, AttachStdout: true, AttachStderr: true, ...more };
      const { Id: id } = await engine.execs.create(Id, body);
      const { output } = await engine.execs.start(id, { detach: false });
      const text = await textOf(output);
      return { ...text, ...(await engine.execs.inspect(id)) };
    };
    expect(await exec(['sh', '-c', 'echo $HOME; exit 3'])).toMatchObject({
      out: '/root\n',
      ExitCode: 3,
      Running: false,
    });
    expect((await exec(['id', '-u'], { User: 'nobody' })).out).toBe('65534\n');
    expect((await exec(['pwd'], { WorkingDir: '/tmp' })).out).toBe('/tmp\n');
    const top = await engine.containers.top(Id);
    expect(top.Processes.map((row) => row.at(-1))).toEqual(['sleep 600']);
    await engine.containers.kill(Id);
    expect((await engine.containers.inspect(Id)).State).toMatchObject({ Status: 'exited', ExitCode: 137 });
    await expect(engine.containers.kill(Id)).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await engine.containers.remove(Id);
  });

  it('stops in time, pauses, goes on, and is removed by force', async () => {
    const { Id } = await engine.containers.create({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.1; done'],
    });
    await engine.containers.start(Id);
    expect(await engine.containers.start(Id)).toBe(false);
    await engine.containers.pause(Id);
    expect((await engine.containers.list())[0]).toMatchObject({ State: 'paused' });
    await expect(engine.containers.pause(Id)).rejects.toThrow('is already paused');
    await engine.containers.unpause(Id);
    await expect(engine.containers.remove(Id)).rejects.toThrow('container is running: stop the container');
    expect(await engine.containers.stop(Id)).toBe(true);
    expect((await engine.containers.inspect(Id)).State.ExitCode).toBe(5);
    expect(await engine.containers.stop(Id)).toBe(false);
    await engine.containers.start(Id);
    await engine.containers.remove(Id, { force: true });
    expect(await engine.containers.list({ all: true })).toEqual([]);
  });

  it('removes with its end what is to be removed, and tells all of it as events', async () => {
    const events = engine.events({ filters: { type: ['container'] } }).getReader();
    const { id } = await run(['true'], { HostConfig: { AutoRemove: true } });
    const told: string[] = [];
    while (told.at(-1) !== 'destroy') {
      const { value } = await events.read();
      if (value?.Actor.ID === id) told.push(value.Action);
    }
    await events.cancel();
    expect(told).toEqual(['create', 'attach', 'start', 'die', 'destroy']);
  });

  it('starts again what ends, by its policy, and no more often than that says', async () => {
    const { id } = await run(['sh', '-c', 'echo again; exit 1'], {
      HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    });
    const { ended } = await engine.containers.wait(id, 'not-running');
    expect(await ended).toMatchObject({ StatusCode: 1 });
    expect((await engine.containers.inspect(id)).RestartCount).toBe(2);
    const { output } = await engine.containers.logs(id, { stdout: true });
    expect((await textOf(output)).out).toBe('again\nagain\nagain\n');
    await engine.containers.remove(id);
  });

  it('shares a volume between containers, seeds it, and keeps it until it is removed', async () => {
    const HostConfig = { Binds: ['shared:/data', 'etc:/etc'] };
    await run(['sh', '-c', 'echo kept > /data/file'], { HostConfig }, 'writer');
    const { out } = await shell('cat /data/file; ls /etc/passwd', { HostConfig });
    expect(out).toBe('kept\n/etc/passwd\n');
    await expect(engine.volumes.remove('shared')).rejects.toThrow('remove shared: volume is in use');
    await engine.containers.prune();
    expect((await engine.volumes.list()).map(({ Name }) => Name)).toEqual(['shared', 'etc']);
    await engine.volumes.prune({ all: ['true'] });
    expect(await engine.volumes.list()).toEqual([]);
  });

  it('copies files in and out, also of a container that does not run, and makes an image of it', async () => {
    const { Id } = await engine.containers.create({ Image: 'busybox', Cmd: ['cat', '/tmp/in'] });
    const body = 'from outside\n';
    const tar = await packTar([{ header: { name: 'in', size: body.length, mode: 0o600 }, body }]);
    await engine.containers.copyIn(Id, '/tmp', new Blob([new Uint8Array(tar)]).stream());
    const { stat, tar: copied } = await engine.containers.copyOut(Id, '/tmp/in');
    expect(stat).toMatchObject({ name: 'in', size: body.length });
    const [file] = await unpackTar(await bytesOf(copied));
    expect(new TextDecoder().decode(file?.data)).toBe(body);
    await expect(engine.containers.statPath(Id, '/nope')).rejects.toThrow('Could not find the file /nope in container');
    await engine.containers.commit(Id, {
      reference: 'mine:1',
      changes: ['CMD ["sh", "-c", "cat /tmp/in; echo $V"]', 'ENV V=1'],
    });
    const { out, id } = await run([], { Image: 'mine:1' });
    expect(out).toBe('from outside\n1\n');
    await engine.containers.remove(Id);
    await engine.containers.remove(id);
  });

  it('reports the health of a container', async () => {
    const { Id } = await engine.containers.create({
      ...sleeper,
      Healthcheck: { Test: ['CMD-SHELL', 'test -f /well && echo fine'], Interval: 5e7, Retries: 2 },
    });
    const events = engine.events({ filters: { event: ['health_status'] } }).getReader();
    await engine.containers.start(Id);
    expect((await events.read()).value?.Action).toBe('health_status: unhealthy');
    const { Id: exec } = await engine.execs.create(Id, { Cmd: ['touch', '/well'] });
    await engine.execs.start(exec, { detach: true });
    expect((await events.read()).value?.Action).toBe('health_status: healthy');
    await events.cancel();
    const { Health } = (await engine.containers.inspect(Id)).State;
    expect(Health?.Log.at(-1)).toMatchObject({ ExitCode: 0, Output: 'fine\n' });
    expect((await engine.containers.list())[0]?.Status).toMatch(/\(healthy\)$/);
    await engine.containers.remove(Id, { force: true });
  });

  it('counts what containers use', async () => {
    const { Id } = await engine.containers.create({ ...sleeper, HostConfig: { Memory: 32 * 1024 * 1024 } });
    await engine.containers.start(Id);
    const { value } = await (await engine.containers.stats(Id, { stream: false })).getReader().read();
    expect(value).toMatchObject({ id: Id, pids_stats: { current: 1 }, memory_stats: { limit: 32 * 1024 * 1024 } });
    expect(value?.precpu_stats.system_cpu_usage).toBeLessThan(value?.cpu_stats.system_cpu_usage ?? 0);
    await engine.containers.remove(Id, { force: true });
  });

  it('tells of memory that was not enough', async () => {
    const { id, code } = await shell('dd if=/dev/zero of=/dev/null bs=40M count=1', {
      HostConfig: { Memory: 8 * 1024 * 1024, MemorySwap: 8 * 1024 * 1024 },
    });
    expect(code).not.toBe(0);
    expect((await engine.containers.inspect(id)).State.OOMKilled).toBe(true);
    await engine.containers.remove(id);
  });

  it('has a port for one container at a time', async () => {
    const HostConfig = { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } };
    const first = await engine.containers.create({ ...sleeper, HostConfig }, { name: 'first' });
    const second = await engine.containers.create({ ...sleeper, HostConfig });
    await engine.containers.start(first.Id);
    await expect(engine.containers.start(second.Id)).rejects.toThrow(
      'Bind for 0.0.0.0:8080 failed: port is already allocated',
    );
    const { IPAddress } = (await engine.containers.inspect(first.Id)).NetworkSettings.Networks['bridge'] ?? {};
    expect(engine.published()).toMatchObject([
      { name: 'first', network: 'default', address: IPAddress, port: 80, hostPort: 8080 },
    ]);
    expect((await engine.containers.list())[0]?.Ports).toEqual([
      { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    ]);
    await engine.containers.remove(first.Id, { force: true });
    await engine.containers.start(second.Id);
    await engine.containers.remove(second.Id, { force: true });
  });

  it('has containers with addresses of the lab, which reach each other', async () => {
    const { Id } = await engine.containers.create({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'while :; do echo hello | nc -l -p 7; done'],
    });
    await engine.containers.start(Id);
    const { IPAddress, MacAddress } = (await engine.containers.inspect(Id)).NetworkSettings.Networks['bridge'] ?? {};
    const { out } = await shell(`until nc ${IPAddress} 7; do sleep 0.1; done; ip -o addr show eth0 | grep -c 10.0`);
    expect(out).toBe('hello\n1\n');
    const { out: link } = await run(['sh', '-c', 'cat /sys/class/net/eth0/address'], {
      HostConfig: { NetworkMode: `container:${Id}` },
    });
    expect(link.trim()).toBe(MacAddress);
    const { out: alone } = await run(['sh', '-c', 'ip -o link | cut -d: -f2'], { HostConfig: { NetworkMode: 'none' } });
    expect(alone.trim()).toBe('lo');
    for (const { Id: each } of await engine.containers.list({ all: true })) {
      await engine.containers.remove(each, { force: true });
    }
  });

  it('takes up after a reload what goes on, with its streams and its log', async () => {
    const going = await engine.containers.create(
      { Image: 'busybox', Cmd: ['sh', '-c', 'echo before; while read -r line; do echo $line; done'], OpenStdin: true },
      { name: 'going' },
    );
    await engine.containers.start(going.Id);
    const { output } = await engine.containers.logs(going.Id, { stdout: true, follow: true });
    const reader = output.getReader();
    expect(new TextDecoder().decode((await reader.read()).value?.bytes)).toBe('before\n');
    await reader.cancel();
    // What the disk is behind with would be written between the save and the end, and a state of before is not gone on with.
    await guestShell(lab.instance(engine.hosts.hosts[0]?.instance ?? ''), 'sync');
    await made.lab.saveForReload();
    await made.lab.close();
    lab = await made.openLab();
    engine = await lab.containers();
    expect(engine.list()).toMatchObject([{ Id: going.Id, State: 'running' }]);
    const attached = await engine.containers.attach(going.Id, { stream: true, stdin: true, stdout: true });
    const writer = attached.input?.getWriter();
    await writer?.write(new TextEncoder().encode('after\n'));
    const { value } = await attached.output.getReader().read();
    expect(new TextDecoder().decode(value?.bytes)).toBe('after\n');
    const logs = await engine.containers.logs('going', { stdout: true });
    expect((await textOf(logs.output)).out).toBe('before\nafter\n');
    await engine.containers.remove('going', { force: true });
  });

  it('shows containers as exited with the reason when their host is killed, and their policies act', async () => {
    const always = await engine.containers.create({
      ...sleeper,
      HostConfig: { RestartPolicy: { Name: 'always' } },
    });
    const plain = await engine.containers.create(sleeper);
    await engine.containers.start(always.Id);
    await engine.containers.start(plain.Id);
    const [host] = engine.hosts.hosts;
    const { ended } = await engine.containers.wait(plain.Id, 'not-running');
    const again = new Promise<void>((resolve) => {
      const listener = engine.changed((containers) => {
        const found = containers.find(({ Id }) => Id === always.Id);
        if (found?.State !== 'running' || engine.hosts.hosts.includes(host as never)) return;
        listener.dispose();
        resolve();
      });
    });
    await lab.kill(host?.instance ?? '').finished;
    expect((await ended).Error?.Message).toMatch(/host|machine|kill/i);
    await again;
    expect((await engine.containers.inspect(always.Id)).RestartCount).toBeGreaterThan(0);
    expect((await engine.containers.inspect(plain.Id)).State).toMatchObject({ Status: 'exited', ExitCode: 255 });
    await engine.containers.remove(always.Id, { force: true });
    await engine.containers.remove(plain.Id);
  });

  it('has networks of its own, on a host that is on them, with addresses that are asked for', async () => {
    await engine.networks.create({ Name: 'Back_End', IPAM: { Config: [{ Subnet: '172.30.0.0/16' }] } });
    const endpoint = { IPAMConfig: { IPv4Address: '172.30.0.50' }, Aliases: ['store'] };
    const result = await run(['sh', '-c', 'ip -o -4 addr show eth0 | grep -o "172[0-9.]*/16"'], {
      HostConfig: { NetworkMode: 'Back_End' },
      NetworkingConfig: { EndpointsConfig: { Back_End: endpoint } },
    });
    expect(result.out).toBe('172.30.0.50/16\n');
    await expect(engine.networks.remove('Back_End')).rejects.toThrow('has active endpoints');
    await engine.containers.remove(result.id);
    expect((await engine.networks.list()).map(({ Name }) => Name)).toEqual(
      expect.arrayContaining(['bridge', 'host', 'none', 'Back_End']),
    );
  });
});
