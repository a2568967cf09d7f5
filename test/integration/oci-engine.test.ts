import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes';
import {
  addElements,
  createTable,
  deleteTable,
  type NftChange,
  netfilterProtocol,
  serializeNftBatch,
} from '../../src/formats/nftables';
import { type ConfigChange, dockerConfig, type OciHost, outcome, rootfs, startOciHost } from '../support/oci-lab';

/** What the engine does with containers: docs/RUNTIME.md. */

let host: OciHost;
beforeAll(async () => {
  host = await startOciHost();
});
afterAll(() => host.dispose());

const run = (id: string, command: string | readonly string[], change?: ConfigChange) =>
  host.run(id, dockerConfig(command, change));

/** What this looks at of the answer to `inspect`. */
interface Inspection {
  readonly namespaces: readonly { readonly kind: string; readonly inside: number; readonly host: number }[];
  readonly capabilities: { readonly bounding: readonly string[] };
  readonly mounts: readonly unknown[];
  readonly cgroup: unknown;
}

/** A container that runs until it is killed, once it runs. */
async function running(id: string, change?: ConfigChange) {
  const process = await host.start(id, dockerConfig(['/bin/sleep', '1000'], change));
  const started = await host.serve.event('started', id);
  return {
    pid: started['pid'] as number,
    exec: (...argv: readonly string[]) => host.sh(`strata-oci exec ${id} ${argv.join(' ')}`),
    async end() {
      await host.serve.call('kill', { container: id, signal: 'KILL' });
      return (await outcome(process)).code;
    },
  };
}

describe('a program that cannot be started', () => {
  const cases: readonly (readonly [string, readonly string[], number, string, ConfigChange])[] = [
    ['is not there', ['foo'], 127, 'exec: "foo": executable file not found in $PATH', {}],
    ['is no path that is there', ['/nope'], 127, 'exec: "/nope": stat /nope: no such file or directory', {}],
    ['has no permission', ['/etc/passwd'], 126, 'exec: "/etc/passwd": permission denied', {}],
    ['is a directory', ['/etc'], 126, 'exec: "/etc": is a directory', {}],
    ['is no program', ['/bin/garbage'], 126, 'exec /bin/garbage: exec format error', {}],
    ['lacks its interpreter', ['/bin/orphan'], 127, 'exec /bin/orphan: no such file or directory', {}],
    [
      'has an unknown user',
      ['id'],
      125,
      'unable to find user nobody: no matching entries in passwd file',
      { process: { user: { username: 'nobody' } } },
    ],
    [
      'needs a root that is not there',
      ['id'],
      125,
      'mount /nowhere: No such file or directory',
      { root: { path: '/nowhere' } },
    ],
    [
      'has an unknown capability',
      ['id'],
      125,
      'Unknown capability CAP_FLY',
      { process: { capabilities: { bounding: ['CAP_FLY'] } } },
    ],
    ['is asked for in another version', ['id'], 125, 'ociVersion 2.0.0: only 1.x is known', { ociVersion: '2.0.0' }],
  ];
  it.each(cases)('because it %s says so as docker does', async (title, argv, code, message, change) => {
    const id = title.replaceAll(' ', '-');
    expect(await run(id, argv, change)).toEqual({ code, stdout: '', stderr: `strata-oci: ${message}\n` });
    expect(await host.serve.event('failed', id)).toMatchObject({ code, message });
  });
});

describe('limits', () => {
  it('of memory hold, and the end for want of it is told', async () => {
    const limited = {
      linux: {
        namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }],
        resources: { memory: { limit: 8 << 20 } },
      },
    };
    expect((await run('hog', ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=40M', 'count=1'], limited)).code).toBe(137);
    expect(await host.serve.event('oom', 'hog')).toMatchObject({ kills: 1 });
    expect(await host.serve.event('exited', 'hog')).toMatchObject({ code: 137, signal: 9, oomKilled: true });
  });

  it('of processes hold, and of CPU time', async () => {
    const limited = {
      linux: {
        namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }],
        resources: { pids: { limit: 8 }, cpu: { quota: 10_000, period: 100_000, shares: 512 } },
      },
    };
    const container = await running('bounded', limited);
    const bomb = await container.exec('sh', '-c', "'for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; wait'");
    expect(bomb.stderr).toContain("can't fork: Resource temporarily unavailable");
    void container.exec('sh', '-c', "'while :; do :; done'");
    for (;;) {
      const { cpu, pids } = await host.serve.call<{ cpu: { throttled: number }; pids: unknown }>('stats', {
        container: 'bounded',
      });
      if (cpu.throttled === 0) continue;
      expect(pids).toMatchObject({ limit: 8 });
      break;
    }
    const files = 'cd /sys/fs/cgroup/strata/bounded; cat cpu.max cpu.weight';
    expect((await host.sh(files)).stdout).toBe('10000 100000\n20\n');
    await host.serve.call('update', {
      container: 'bounded',
      resources: { pids: { limit: 50 }, unified: { 'memory.high': '6291456' } },
    });
    expect((await host.sh('cd /sys/fs/cgroup/strata/bounded; cat pids.max memory.high')).stdout).toBe('50\n6291456\n');
    expect(await container.end()).toBe(137);
  });
});

describe('seccomp', () => {
  const profile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      { names: ['mkdir', 'mkdirat', 'no_such_call'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 },
      { names: ['kill'], action: 'SCMP_ACT_ERRNO', args: [{ index: 1, value: 10, op: 'SCMP_CMP_EQ' }] },
      { names: ['sethostname'], action: 'SCMP_ACT_KILL_PROCESS' },
    ],
  };
  const command =
    'mkdir /tmp/x; kill -USR1 $$; kill -0 $$ && echo alive; sh -c "hostname x"; echo $?; grep Seccomp /proc/self/status';
  const expected = {
    code: 0,
    stdout: 'alive\n159\nSeccomp:\t2\nSeccomp_filters:\t1\n',
    stderr: expect.stringMatching(/No space left on device\n.*Operation not permitted\n/),
  };

  it('refuses what its profile says, in the container and in programs that join it', async () => {
    const change = { linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }], seccomp: profile } };
    expect(await run('filtered', command, change)).toMatchObject(expected);
    const container = await running('filtered-too', change);
    expect(await container.exec('mkdir', '/tmp/x')).toMatchObject({ code: 1 });
    await container.end();
  });

  it('takes a program that was compiled before', async () => {
    const { instructions } = await host.serve.call('seccomp', { path: '/run/profile.bpf', profile });
    expect(instructions).toBeGreaterThan(10);
    const change = {
      annotations: { 'org.strata.seccomp': '/run/profile.bpf' },
      process: { noNewPrivileges: true },
    };
    expect(await run('compiled', command, change)).toMatchObject(expected);
  });
});

describe('a container in its life', () => {
  it('is joined, looked into, paused and killed', async () => {
    const container = await running('life', { annotations: { 'org.strata.init': 'true' } });
    const named = await host.sh(
      "strata-oci exec --user alice --env A=b --cwd /tmp life sh -c 'id; pwd; echo $A $HOME $NAME'",
    );
    expect(named).toEqual({
      code: 0,
      stderr: '',
      stdout: 'uid=1000(alice) gid=1000(alice) groups=29(audio),50(staff)\n/tmp\nb /home/alice value\n',
    });
    expect(await container.exec('nothing')).toMatchObject({
      code: 127,
      stderr: 'strata-oci: exec: "nothing": executable file not found in $PATH\n',
    });
    expect((await container.exec('sh', '-c', '"exit 9"')).code).toBe(9);
    const whole = {
      args: ['env'],
      env: ['PATH=/bin', 'ONLY=this'],
      cwd: '/',
      user: { uid: 0, gid: 0 },
      capabilities: {},
    };
    const given = await host.vm.exec({ argv: ['strata-oci', 'exec', '--json', JSON.stringify(whole), 'life'] });
    expect(await outcome(given)).toMatchObject({ code: 0, stdout: 'PATH=/bin\nONLY=this\nHOME=/root\n' });

    const { processes } = await host.serve.call<{ processes: { pidInside: number; command: string }[] }>('top', {
      container: 'life',
    });
    expect(processes.map(({ pidInside, command }) => [pidInside, command])).toEqual([
      [1, '/sbin/docker-init 2 -- /bin/sleep 1000'],
      [2, '/bin/sleep 1000'],
    ]);
    const seen = await host.serve.call<Inspection>('inspect', { container: 'life' });
    const shared = seen.namespaces.filter(({ inside, host: outside }) => inside === outside).map(({ kind }) => kind);
    expect(shared).toEqual(['time', 'user']);
    expect(seen.capabilities.bounding).toContain('CAP_NET_RAW');
    expect(seen.capabilities.bounding).not.toContain('CAP_SYS_ADMIN');
    expect(seen.mounts[0]).toMatchObject({ target: '/' });
    expect(seen.cgroup).toMatchObject({ path: '/strata/life', files: { 'pids.max': 'max' } });

    await host.serve.call('pause', { container: 'life' });
    expect(await host.serve.call('state', { container: 'life' })).toMatchObject({
      status: 'paused',
      pid: container.pid,
    });
    expect((await container.exec('true')).stderr).toContain('is paused, unpause the container before exec');
    await expect(host.serve.call('pause', { container: 'life' })).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await host.serve.call('resume', { container: 'life' });
    expect((await container.exec('echo', 'again')).stdout).toBe('again\n');

    expect((await host.sh('strata-oci run --bundle /srv/bundles/life life')).stderr).toContain('already exists: life');
    expect(await container.end()).toBe(137);
    expect(await host.serve.event('exited', 'life')).toMatchObject({ code: 137, signal: 9, oomKilled: false });
    await expect(host.serve.call('state', { container: 'life' })).rejects.toMatchObject({
      code: 'NotFound',
      message: 'No such container: life',
    });
  });

  it('is known to a serve that starts later, and its end when its launcher is gone', async () => {
    await running('orphan');
    await host.restartServe();
    const { containers } = await host.serve.call<{ containers: { launcher: number }[] }>('list');
    expect(containers).toMatchObject([{ id: 'orphan', status: 'running' }]);
    await host.sh(`kill -9 ${containers[0]?.launcher}`);
    await host.serve.call('kill', { container: 'orphan', signal: 9 });
    expect(await host.serve.event('exited', 'orphan')).toMatchObject({ code: null });
    expect(await host.serve.call('list')).toEqual({ containers: [] });
  });

  it('that was made first has its end told, though it came before its beginning was heard of', async () => {
    const bundle = await host.bundle('brief', dockerConfig('true'));
    const { pid } = await host.serve.call<{ pid: number }>('hello');
    const ended = 'until strata-oci state brief | grep -q stopped; do :; done';
    const live = `strata-oci create --bundle ${bundle} brief </dev/null >/dev/null && strata-oci start brief && ${ended}`;
    expect(await host.sh(`kill -STOP ${pid} && ${live} && kill -CONT ${pid}`)).toMatchObject({ code: 0 });
    expect(await host.serve.event('exited', 'brief')).toMatchObject({ code: null, oomKilled: false });
    expect(await host.sh('strata-oci delete brief')).toMatchObject({ code: 0 });
  });

  it('goes through create, start, kill and delete', async () => {
    const bundle = await host.bundle(
      'made',
      dockerConfig('trap "exit 4" TERM; while :; do sleep 0.1; done', {
        hooks: {
          prestart: [{ path: '/bin/sh', args: ['sh', '-c', 'cat > /tmp/prestart'] }],
          poststart: [{ path: '/bin/sh', args: ['sh', '-c', 'cat > /tmp/poststart'] }],
          poststop: [{ path: '/bin/sh', args: ['sh', '-c', 'cat > /tmp/poststop'] }],
        },
      }),
    );
    const status = async () => JSON.parse((await host.sh('strata-oci state made')).stdout || '{}').status;
    const made = await host.sh(
      `strata-oci create --bundle ${bundle} --pid-file /tmp/pid made </dev/null >/tmp/made 2>&1; echo $?; cat /tmp/made`,
    );
    expect(made.stdout).toBe('0\n');
    expect(await status()).toBe('created');
    expect((await host.sh('strata-oci delete made')).stderr).toContain('that is not stopped');
    expect(await host.sh('strata-oci start made')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await status()).toBe('running');
    expect((await host.sh('strata-oci start made')).code).toBe(1);
    expect(JSON.parse((await host.sh('cat /tmp/prestart')).stdout)).toMatchObject({
      id: 'made',
      status: 'creating',
      pid: Number((await host.sh('cat /tmp/pid')).stdout),
    });
    expect(await host.sh('strata-oci kill made TERM')).toMatchObject({ code: 0 });
    expect(await host.serve.event('exited', 'made')).toMatchObject({ code: null });
    expect(await status()).toBe('stopped');
    expect((await host.sh('strata-oci kill made')).stderr).toContain('is not running');
    expect(await host.sh('strata-oci delete made; ls /tmp/poststart /tmp/poststop')).toMatchObject({ code: 0 });
    expect((await host.sh('strata-oci state made')).stderr).toBe('strata-oci: No such container: made\n');
    const absent = await host.bundle('absent', dockerConfig(['foo']));
    expect(await host.sh(`strata-oci create --bundle ${absent} absent`)).toMatchObject({ code: 127 });
  });
});

describe('a terminal', () => {
  it("is the container's own, with the size of the one outside", async () => {
    const command =
      'tty; stty size; readlink /proc/self/fd/0; ls -l /dev/console | cut -c1-10; read line; echo "got $line"; stty size; sleep 1000; exit $?';
    const process = await host.start('terminal', dockerConfig(command, { process: { terminal: true } }), {
      terminal: { columns: 81, rows: 25 },
    });
    const reader = process.stdout
      .pipeThrough(new TextDecoderStream() as never)
      .getReader() as ReadableStreamDefaultReader<string>;
    let text = '';
    const until = async (expected: string) => {
      while (!text.includes(expected)) text += (await reader.read()).value ?? expected;
    };
    await until('crw--w----\r\n');
    expect(text.replaceAll('\r', '')).toBe('/dev/pts/0\n25 81\n/dev/pts/0\ncrw--w----\n');
    process.resize({ columns: 100, rows: 40 });
    const input = process.stdin.getWriter();
    await host.sh('until strata-oci exec terminal stty -F /dev/pts/0 size | grep -q "40 100"; do :; done');
    await input.write(new TextEncoder().encode('word\n'));
    await until('40 100');
    expect(text).toContain('got word');
    // The interrupt character goes through to the program.
    await input.write(new TextEncoder().encode('\u0003'));
    expect(await process.exited).toBe(130);
  });
});

describe('the network', () => {
  const nic = (number: number) => ({
    annotations: {
      'org.strata.network': JSON.stringify([
        {
          bridge: 'br0',
          mac: `02:42:0a:09:00:0${number}`,
          mtu: 1400,
          addresses: [`10.9.0.${number}/24`, `fd00:9::${number}/64`],
          routes: [{ to: 'default', via: '10.9.0.1' }],
        },
      ]),
    },
  });

  it('joins two containers by a bridge, with all that was reserved for them', async () => {
    const server = await host.start('server', dockerConfig('echo hello from the server | nc -l -p 80', nic(5)));
    await host.serve.event('started', 'server');
    await host.sh('until strata-oci exec server netstat -ltn | grep -q :80; do :; done');
    const client = await run(
      'client',
      'ip -o addr show eth0; ip -o link show eth0; ip route; ping -c 1 -W 10 fd00:9::5 | grep -c from; nc 10.9.0.5 80 </dev/null',
      nic(6),
    );
    expect(client.stderr).toBe('');
    expect(client.stdout).toContain('inet 10.9.0.6/24 brd 10.9.0.255');
    expect(client.stdout).toContain('mtu 1400');
    expect(client.stdout).toContain('02:42:0a:09:00:06');
    expect(client.stdout).toContain('default via 10.9.0.1 dev eth0');
    expect(client.stdout).toMatch(/[1-9]\nhello from the server\n$/);
    await host.serve.call('kill', { container: 'server', signal: 9 }).catch(() => {});
    await outcome(server);
    await host.serve.event('exited', 'server');
    expect((await host.sh('ip -o link | grep -c veth')).stdout).toBe('0\n');
  });

  it('of another container can be joined', async () => {
    const first = await running('first', nic(7));
    const linux = {
      namespaces: [
        { type: 'network', path: `/proc/${first.pid}/ns/net` },
        { type: 'mount' },
        { type: 'uts' },
        { type: 'pid', path: `/proc/${first.pid}/ns/pid` },
      ],
    };
    const second = await run('second', 'ip -o -4 addr show eth0 | grep -o "10.9.0.[0-9]*" | head -1; pidof sleep', {
      linux,
    });
    expect(second).toEqual({ code: 0, stdout: '10.9.0.7\n1\n', stderr: '' });
    await first.end();
  });
});

describe('namespaces that are asked for', () => {
  it('map users: root inside is nobody outside', async () => {
    const overlay = {
      lower: [rootfs],
      upper: '/tmp/mapped/upper',
      work: '/tmp/mapped/work',
      shift: { uid: 100000, gid: 100000 },
    };
    const mappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
    const container = await running('mapped', {
      root: { path: '/tmp/mapped/root' },
      linux: {
        namespaces: ['user', 'pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
        uidMappings: mappings,
        gidMappings: mappings,
      },
      annotations: {
        'org.strata.network': JSON.stringify([{ bridge: 'br0', addresses: ['10.9.0.8/24'] }]),
        'org.strata.rootfs': JSON.stringify(overlay),
      },
    });
    expect(
      (
        await container.exec(
          'sh',
          '-c',
          "'id -u; touch /file && stat -c %u /file; cat /proc/self/uid_map; echo > /dev/null'",
        )
      ).stdout.replaceAll(/ +/g, ' '),
    ).toBe('0\n0\n 0 100000 65536\n');
    expect((await host.sh(`stat -c %u /tmp/mapped/upper/file /proc/${container.pid}`)).stdout).toBe('100000\n100000\n');
    await container.end();
  });

  it('have their own time', async () => {
    const { stdout } = await run('later', 'cut -d. -f1 /proc/uptime', {
      linux: {
        namespaces: ['time', 'pid', 'uts', 'mount'].map((type) => ({ type })),
        timeOffsets: { boottime: { secs: 1_000_000 } },
      },
    });
    expect(Number(stdout)).toBeGreaterThan(1_000_000);
  });
});

describe('an image that means ill', () => {
  it('leads no mount out of its root by its links', async () => {
    await host.sh(
      `mkdir -p /srv/evil /srv/victim && cp -a ${rootfs}/. /srv/evil && cd /srv/evil && rm -rf tmp etc/hosts dev && ln -s /srv/victim tmp && ln -s ../../../srv/victim/hosts etc/hosts && mkdir dev && ln -s /srv/victim/null dev/null`,
    );
    const change = {
      root: { path: '/srv/evil' },
      mounts: [
        { destination: '/tmp/mounted', type: 'tmpfs', source: 'tmpfs' },
        { destination: '/etc/hosts', type: 'bind', source: '/etc/passwd', options: ['bind', 'ro'] },
      ],
    };
    const result = await run('evil', 'ls /srv/victim; head -c 4 /etc/hosts', change);
    expect(result).toEqual({ code: 0, stdout: 'hosts\nmounted\nroot', stderr: '' });
    expect((await host.sh('ls -A /srv/victim')).stdout).toBe('');
    // A link in the place of /proc would show another file system in its stead.
    await host.sh('cd /srv/evil && rm -rf proc && ln -s etc proc');
    expect(await run('evil-proc', 'true', change)).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('/proc'),
    });
  });

  it("finds nothing of the host in descriptors, working directories and the runtime's own file", async () => {
    const open = await run(
      'descriptors',
      'ls -l /proc/self/fd | grep -c -e /srv -e /run -e cgroup; cat /proc/1/environ | tr "\\0" "\\n" | grep -c STRATA',
    );
    expect(open.stdout).toBe('0\n0\n');
    for (const fd of [3, 5, 7, 9, 11]) {
      const outside = await run(`cwd-${fd}`, 'pwd', { process: { cwd: `/proc/self/fd/${fd}` } });
      // A descriptor of the container's own root leads to nothing else.
      expect(['', '/\n']).toContain(outside.stdout);
    }
    await host.sh(`printf '#!/proc/self/exe\\n' > ${rootfs}/bin/again && chmod 755 ${rootfs}/bin/again`);
    const container = await running('writer', { annotations: { 'org.strata.init': 'true' } });
    const overwrite = await container.exec(
      'sh',
      '-c',
      "'ls -l /proc/1/exe | grep -c strata-oci; echo x > /proc/1/exe'",
    );
    expect(overwrite).toMatchObject({
      code: 1,
      stdout: '1\n',
      stderr: expect.stringMatching(/Read-only|Text file busy|denied/),
    });
    await container.end();
    expect((await host.sh('strata-oci --version')).stdout).toMatch(/^strata-oci 1/);
    expect((await host.sh('grep " /usr/local/bin/strata-oci " /proc/mounts')).stdout).toMatch(/^\S+ \S+ \S+ ro,/);
  });
});

describe('a root from layers', () => {
  it('is mounted for the container alone, and keeps what it wrote', async () => {
    await host.sh('mkdir -p /srv/layer && echo layer > /srv/layer/file && mkdir -p "/srv/layer/a:b,c"');
    const overlay = { lower: [rootfs, '/srv/layer'], upper: '/tmp/written/upper', work: '/tmp/written/work' };
    const change = {
      root: { path: '/tmp/written/root' },
      annotations: { 'org.strata.rootfs': JSON.stringify(overlay) },
    };
    expect(
      await run('layered', 'cat /file; echo new > /file; rm /etc/group; grep -c " / overlay" /proc/mounts', change),
    ).toMatchObject({ code: 0, stdout: 'layer\n1\n' });
    expect((await host.sh('cat /tmp/written/upper/file /srv/layer/file; grep -c written /proc/mounts')).stdout).toBe(
      'new\nlayer\n0\n',
    );
    await host.serve.call('mount', { target: '/srv/looked', ...overlay });
    expect((await host.sh('cat /srv/looked/file; ls /srv/looked/etc')).stdout).toBe('new\npasswd\n');
    await host.serve.call('unmount', { target: '/srv/looked' });
    expect(await host.serve.call('usage', { path: '/tmp/written/upper' })).toMatchObject({ files: expect.any(Number) });
    await host.serve.call('remove', { path: '/tmp/written' });
    expect((await host.sh('ls /tmp')).stdout).not.toContain('written');
    await expect(host.serve.call('mount', { target: '/x', lower: [] })).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    await expect(host.serve.call('fly')).rejects.toMatchObject({
      code: 'Unimplemented',
      message: 'There is no call fly',
    });
  });
});

describe('messages for netlink', () => {
  const send = (...changes: readonly NftChange[]) =>
    host.serve.call('netlink', { protocol: netfilterProtocol, messages: toHex(serializeNftBatch(changes)) });

  it('reach the kernel, whose refusal is told, and what is no message is refused before', async () => {
    expect(await send(createTable('tried'), deleteTable('tried'))).toEqual({});
    await expect(send(createTable('tried'), deleteTable('absent'))).rejects.toMatchObject({ code: 'NotFound' });
    await expect(host.serve.call('netlink', { protocol: netfilterProtocol, messages: 'xy' })).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    expect((await host.sh('/bin/nft list tables')).stdout).toBe('');
  });

  it('are refused also when they are longer than an answer that is read', async () => {
    const keys = Array.from({ length: 1000 }, (_, index) => Uint8Array.of(10, 0, index >> 8, index & 255));
    await expect(send(addElements('absent', 'any', keys))).rejects.toMatchObject({ code: 'NotFound' });
  });
});
