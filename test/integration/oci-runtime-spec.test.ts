import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigChange, dockerConfig, type OciHost, rootfs, startOciHost } from '../support/oci-lab';

/**
 * What the OCI runtime specification asks of a runtime, asked of ours in a guest. The names are those of the programs of
 * github.com/opencontainers/runtime-tools, `validation/`, which ask the same; they are Go, and Debian has neither their
 * source nor all that it needs.
 */

let host: OciHost;
beforeAll(async () => {
  host = await startOciHost();
}, 300_000);
afterAll(() => host.dispose());

const namespaces = (...more: readonly object[]) =>
  ['pid', 'mount', 'uts', 'ipc'].map((type): object => ({ type })).concat(more);

let count = 0;

/** A container of a name that nobody had, and the runtime's commands on it. */
async function container(command: string | readonly string[], change: ConfigChange = {}) {
  const id = `spec-${++count}`;
  const config = dockerConfig(command, { linux: { namespaces: namespaces() }, ...change });
  const bundle = await host.bundle(id, config);
  const oci = (verb: string) => host.sh(`strata-oci ${verb}`);
  return {
    id,
    bundle,
    config,
    create: (options = '') => oci(`create --bundle ${bundle} ${options} ${id} </dev/null >/srv/${id} 2>&1`),
    start: () => oci(`start ${id}`),
    kill: (signal = '') => oci(`kill ${id} ${signal}`),
    delete: () => oci(`delete ${id}`),
    state: async () => JSON.parse((await oci(`state ${id}`)).stdout || '{}') as Record<string, unknown>,
    /** What it has written, on both streams. */
    output: async () => (await host.sh(`cat /srv/${id}`)).stdout,
    ended: () => host.serve.event('exited', id),
    /** All of its life at once. */
    async live() {
      expect(await this.create()).toMatchObject({ code: 0 });
      expect(await this.start()).toMatchObject({ code: 0 });
      await this.ended();
      const said = await this.output();
      expect(await this.delete()).toMatchObject({ code: 0 });
      return said;
    },
    /** Ends it, whatever it does. */
    async remove() {
      await oci(`delete --force ${id}`);
    },
  };
}

const fails = { code: 1 };
const works = { code: 0 };
const sleeps = ['/bin/sleep', '10000'] as const;

/** What one container says, started once. */
const says = async (command: string, change?: ConfigChange) => (await container(command, change)).live();

/** A hook outside that leaves its name, and what it was given. */
const hook = (name: string, then = '') => ({
  path: '/bin/sh',
  args: ['sh', '-c', `echo ${name} >> /srv/hooks; cat > /srv/given-${name}; ${then}`],
  env: ['PATH=/bin'],
});

/** Makes and starts a container whose root is its own, so that hooks outside see what it writes. */
async function withHooks(hooks: Readonly<Record<string, readonly object[]>>, args = 'echo program >> /hooks') {
  await host.sh('rm -f /srv/hooks /srv/given-*; : > /srv/hooks');
  const mounts = [{ destination: '/hooks', type: 'bind', source: '/srv/hooks', options: ['bind', 'rw'] }];
  return container(args, { hooks, mounts });
}
const hooksRun = async () => (await host.sh('cat /srv/hooks')).stdout.trim().split('\n');

const checks: Readonly<Record<string, () => Promise<void>>> = {
  async create() {
    const made = await container(sleeps);
    expect(await host.sh(`strata-oci create --bundle ${made.bundle}`)).toMatchObject({ code: 125 });
    expect(await made.create()).toMatchObject(works);
    expect((await made.create()).code).not.toBe(0);
    expect(await made.state()).toMatchObject({ status: 'created' });
    await made.remove();
  },
  async start() {
    expect(await host.sh('strata-oci start')).toMatchObject(fails);
    expect(await host.sh('strata-oci start nobody')).toMatchObject(fails);
    const made = await container('echo begun');
    await made.create();
    expect(await made.output()).toBe('');
    expect(await made.start()).toMatchObject(works);
    await made.ended();
    expect(await made.start()).toMatchObject(fails);
    expect(await made.output()).toBe('begun\n');
    await made.delete();
    const empty = await container(sleeps, {});
    await host.serve.call('bundle', { path: empty.bundle, config: { ...empty.config, process: undefined } });
    expect((await empty.create()).code).not.toBe(0);
  },
  async state() {
    expect(await host.sh('strata-oci state')).toMatchObject(fails);
    expect(await host.sh('strata-oci state nobody')).toMatchObject(fails);
    const made = await container(sleeps, { annotations: { 'org.example.mine': 'kept' } });
    await made.create();
    const { id, bundle } = made;
    const annotations = { 'org.example.mine': 'kept' };
    expect(await made.state()).toMatchObject({ ociVersion: '1.0.2', id, bundle, status: 'created', annotations });
    expect((await made.state())['pid']).toBeGreaterThan(1);
    await made.start();
    expect(await made.state()).toMatchObject({ status: 'running' });
    await made.kill('KILL');
    await made.ended();
    expect(await made.state()).toMatchObject({ status: 'stopped' });
    await made.delete();
  },
  async kill() {
    expect(await host.sh('strata-oci kill')).toMatchObject(fails);
    expect(await host.sh('strata-oci kill nobody')).toMatchObject(fails);
    for (const begun of [false, true]) {
      const made = await container(sleeps);
      await made.create();
      if (begun) await made.start();
      expect(await made.kill('KILL')).toMatchObject(works);
      await host.sh(`until strata-oci state ${made.id} | grep -q '"stopped"'; do :; done`);
      expect(await made.delete()).toMatchObject(works);
    }
  },
  async kill_no_effect() {
    const made = await container('true');
    await made.create();
    await made.start();
    await made.ended();
    const before = await made.state();
    expect(await made.kill('KILL')).toMatchObject(fails);
    expect(await made.state()).toEqual(before);
    await made.delete();
  },
  async killsig() {
    for (const signal of ['TERM', 'USR1', 'USR2']) {
      const made = await container(`trap "echo ${signal}; exit" ${signal}; echo ready; while :; do sleep 0.1; done`);
      await made.create();
      await made.start();
      await host.sh(`until grep -q ready /srv/${made.id}; do :; done`);
      expect(await made.kill(signal)).toMatchObject(works);
      await made.ended();
      expect(await made.output()).toBe(`ready\n${signal}\n`);
      await made.delete();
    }
  },
  async delete() {
    expect(await host.sh('strata-oci delete')).toMatchObject(fails);
    expect(await host.sh('strata-oci delete nobody')).toMatchObject(fails);
    const made = await container(sleeps);
    await made.create();
    expect(await made.delete()).toMatchObject(fails);
    await made.start();
    expect(await made.delete()).toMatchObject(fails);
    expect(await made.state()).toMatchObject({ status: 'running' });
    await made.kill('KILL');
    await made.ended();
    expect(await made.delete()).toMatchObject(works);
    expect(await made.state()).toEqual({});
  },
  async delete_resources() {
    const linux = { namespaces: namespaces(), cgroupsPath: '/spec-own', resources: { pids: { limit: 9 } } };
    const made = await container('cat /sys/fs/cgroup/spec-own/pids.max', { linux });
    await made.create();
    expect((await host.sh('cat /sys/fs/cgroup/spec-own/pids.max')).stdout).toBe('9\n');
    await made.start();
    await made.ended();
    await made.delete();
    expect((await host.sh('ls -d /sys/fs/cgroup/spec-own')).code).not.toBe(0);
  },
  async delete_only_create_resources() {
    await host.sh('mkdir /sys/fs/cgroup/spec-theirs; /bin/ip netns add spec-theirs');
    const linux = {
      namespaces: namespaces({ type: 'network', path: '/run/netns/spec-theirs' }),
      cgroupsPath: '/spec-theirs/box',
    };
    await (await container('true', { linux })).live();
    const left = await host.sh(
      'ls -d /sys/fs/cgroup/spec-theirs /run/netns/spec-theirs; ls -d /sys/fs/cgroup/spec-theirs/box; rmdir /sys/fs/cgroup/spec-theirs; /bin/ip netns del spec-theirs',
    );
    expect(left).toMatchObject({ code: 0, stdout: '/run/netns/spec-theirs\n/sys/fs/cgroup/spec-theirs\n' });
  },
  async pidfile() {
    const made = await container(sleeps);
    await made.create('--pid-file /srv/pid');
    expect(Number((await host.sh('cat /srv/pid')).stdout)).toBe((await made.state())['pid']);
    await made.remove();
  },
  async config_updates_without_affect() {
    const made = await container('echo before; cat /proc/self/oom_score_adj', { process: { oomScoreAdj: 100 } });
    await made.create();
    const changed = dockerConfig('echo after', { process: { oomScoreAdj: 200 } });
    await host.serve.call('bundle', { path: made.bundle, config: changed });
    await made.start();
    await made.ended();
    expect(await made.output()).toBe('before\n100\n');
    await made.delete();
  },
  async hooks() {
    const kinds = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'];
    const hooks = Object.fromEntries(kinds.map((kind) => [kind, [hook(`${kind}-1`), hook(`${kind}-2`)]]));
    const inside = { path: '/bin/sh', args: ['sh', '-c', 'echo startContainer >> /hooks'], env: ['PATH=/bin'] };
    const made = await withHooks({ ...hooks, startContainer: [inside] }, sleeps.join(' '));
    await made.create();
    const creating = ['prestart', 'createRuntime', 'createContainer'].flatMap((kind) => [`${kind}-1`, `${kind}-2`]);
    expect(await hooksRun()).toEqual(creating);
    await made.start();
    expect(await hooksRun()).toEqual([...creating, 'startContainer', 'poststart-1', 'poststart-2']);
    await made.kill('KILL');
    await made.ended();
    await made.delete();
    expect((await hooksRun()).slice(-2)).toEqual(['poststop-1', 'poststop-2']);
  },
  // The program of runtime-tools wants "created" of prestart, of which the specification says "creating", as runc does.
  async hooks_stdin() {
    const made = await withHooks({ prestart: [hook('a')], poststart: [hook('b')], poststop: [hook('c')] }, 'true');
    await made.create();
    const { pid } = await made.state();
    await made.start();
    await made.ended();
    await made.delete();
    const given = async (name: string) => JSON.parse((await host.sh(`cat /srv/given-${name}`)).stdout);
    const { id, bundle } = made;
    expect(await given('a')).toMatchObject({ id, bundle, pid, status: 'creating', ociVersion: '1.0.2' });
    expect(await given('b')).toMatchObject({ id, bundle, pid, status: 'running' });
    expect(await given('c')).toMatchObject({ id, bundle, status: 'stopped' });
  },
  async prestart() {
    await (await withHooks({ prestart: [hook('first')] })).live();
    expect(await hooksRun()).toEqual(['first', 'program']);
  },
  async prestart_fail() {
    const made = await withHooks({ prestart: [hook('first', 'exit 1'), hook('second')] });
    expect((await made.create()).code).not.toBe(0);
    expect(await made.state()).toEqual({});
    expect(await hooksRun()).toEqual(['first']);
  },
  async poststart() {
    const made = await withHooks({ poststart: [hook('after')] }, sleeps.join(' '));
    await made.create();
    expect(await hooksRun()).toEqual(['']);
    await made.start();
    expect(await hooksRun()).toEqual(['after']);
    await made.remove();
  },
  async poststop() {
    const made = await withHooks({ poststop: [hook('last')] });
    await made.create();
    await made.start();
    await made.ended();
    expect(await hooksRun()).toEqual(['program']);
    await made.delete();
    expect(await hooksRun()).toEqual(['program', 'last']);
  },
  async poststart_fail() {
    const made = await withHooks({ poststart: [hook('first', 'exit 1'), hook('second')] }, sleeps.join(' '));
    await made.create();
    expect(await made.start()).toMatchObject({ code: 0, stderr: expect.stringContaining('warning: poststart') });
    expect(await hooksRun()).toEqual(['first', 'second']);
    await made.remove();
  },
  async poststop_fail() {
    const made = await withHooks({ poststop: [hook('first', 'exit 1'), hook('second')] });
    await made.create();
    await made.start();
    await made.ended();
    expect(await made.delete()).toMatchObject({ code: 0, stderr: expect.stringContaining('warning: poststop') });
    expect(await hooksRun()).toEqual(['program', 'first', 'second']);
  },
  async hostname() {
    expect(await says('hostname', { hostname: 'spec-host' })).toBe('spec-host\n');
  },
  async linux_devices() {
    const devices = [
      { path: '/dev/first', type: 'c', major: 1, minor: 3, fileMode: 0o640, uid: 3, gid: 4 },
      { path: '/dev/deep/second', type: 'b', major: 7, minor: 0, fileMode: 0o600 },
      { path: '/dev/pipe', type: 'p' },
    ];
    const script = "stat -c '%F %a %u %g %t:%T' /dev/first /dev/deep/second; stat -c %F /dev/pipe";
    expect(await says(script, { linux: { namespaces: namespaces(), devices } })).toBe(
      'character special file 640 3 4 1:3\nblock special file 600 0 0 7:0\nfifo\n',
    );
  },
  async linux_masked_paths() {
    await host.sh(`mkdir -p ${rootfs}/masked/dir; echo x > ${rootfs}/masked/dir/file; echo x > ${rootfs}/masked/file`);
    const maskedPaths = ['/masked/dir', '/masked/file', '/masked/absent'];
    const script = 'ls /masked/dir; cat /masked/file; ls /masked';
    expect(await says(script, { linux: { namespaces: namespaces(), maskedPaths } })).toBe('dir\nfile\n');
  },
  async linux_readonly_paths() {
    await host.sh(`mkdir -p ${rootfs}/kept/dir; : > ${rootfs}/kept/file`);
    const readonlyPaths = ['/kept/dir', '/kept/file', '/kept/absent'];
    const script =
      'touch /kept/dir/new; echo x > /kept/file; echo y > /kept/other; ls /kept/dir; cat /kept/file /kept/other';
    const said = await says(script, { linux: { namespaces: namespaces(), readonlyPaths } });
    expect(said.match(/Read-only file system/g)).toHaveLength(2);
    expect(said.endsWith('\ny\n')).toBe(true);
  },
  async linux_rootfs_propagation() {
    for (const rootfsPropagation of ['shared', 'slave', 'private', 'unbindable']) {
      const linux = { namespaces: namespaces(), rootfsPropagation };
      const root = await says("grep ' / rw' /proc/self/mountinfo", { linux });
      expect(root.includes(' shared:')).toBe(rootfsPropagation === 'shared');
      expect(root.includes(' unbindable')).toBe(rootfsPropagation === 'unbindable');
    }
    const linux = { namespaces: namespaces(), rootfsPropagation: 'sideways' };
    expect((await (await container('true', { linux })).create()).code).not.toBe(0);
  },
  async linux_seccomp() {
    const seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86'],
      syscalls: [{ names: ['getcwd'], action: 'SCMP_ACT_ERRNO' }],
    };
    const said = await says('/bin/pwd; echo $?', { linux: { namespaces: namespaces(), seccomp } });
    expect(said).toMatch(/Operation not permitted\n1\n$/);
  },
  async linux_sysctl() {
    const linux = {
      namespaces: namespaces({ type: 'network' }),
      sysctl: { 'net.ipv4.ip_forward': '1', 'kernel.shmmni': '77' },
    };
    expect(await says('cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni', { linux })).toBe('1\n77\n');
  },
  // A namespace that is not listed is the runtime's own.
  async linux_ns_itype() {
    const script = 'for kind in net cgroup; do readlink /proc/self/ns/$kind; done';
    expect(await says(script)).toBe((await host.sh(script)).stdout);
  },
  async linux_ns_nopath() {
    const kinds = ['pid', 'mnt', 'uts', 'ipc', 'net', 'cgroup'];
    const script = `for kind in ${kinds.join(' ')}; do readlink /proc/self/ns/$kind; done`;
    const linux = { namespaces: namespaces({ type: 'network' }, { type: 'cgroup' }) };
    const inside = (await says(script, { linux })).trim().split('\n');
    const outside = (await host.sh(script)).stdout.trim().split('\n');
    expect(inside).toHaveLength(kinds.length);
    expect(inside.filter((one) => outside.includes(one))).toEqual([]);
  },
  async linux_ns_path() {
    await host.sh('/bin/ip netns add spec-joined');
    const linux = { namespaces: namespaces({ type: 'network', path: '/run/netns/spec-joined' }) };
    const inside = await says('stat -L -c %i /proc/self/ns/net', { linux });
    expect((await host.sh('stat -c %i /run/netns/spec-joined; /bin/ip netns del spec-joined')).stdout).toBe(inside);
  },
  async linux_ns_path_type() {
    const linux = { namespaces: [{ type: 'mount' }, { type: 'network', path: '/proc/1/ns/ipc' }] };
    expect((await (await container('true', { linux })).create()).code).not.toBe(0);
  },
  async linux_uid_mappings() {
    const mapping = [{ containerID: 0, hostID: 1000, size: 2000 }];
    const kinds = [{ type: 'user' }, { type: 'network' }, { type: 'cgroup' }];
    const linux = { namespaces: namespaces(...kinds), uidMappings: mapping, gidMappings: mapping };
    await host.sh(`cp -a ${rootfs} /srv/mapped; strata-oci shift /srv/mapped 1000`);
    const script = 'id -u; cat /proc/self/uid_map /proc/self/gid_map';
    const said = await says(script, { linux, root: { path: '/srv/mapped' } });
    expect(said.replaceAll(/ +/g, ' ')).toBe('0\n 0 1000 2000\n 0 1000 2000\n');
  },
  async misc_props() {
    expect(await says('echo known', { annotations: { 'org.example.unknown': '1' }, unknown: 'property' })).toBe(
      'known\n',
    );
    expect((await (await container('true', { ociVersion: 'invalid' })).create()).code).not.toBe(0);
  },
  async mounts() {
    await host.sh('mkdir -p /srv/bound; echo bound > /srv/bound/file');
    const mounts = [
      { destination: '/tmp/memory', type: 'tmpfs', source: 'none', options: ['nosuid', 'size=64k', 'mode=700'] },
      { destination: '/tmp/bound', type: 'none', source: '/srv/bound', options: ['rbind', 'ro'] },
    ];
    const script = 'cat /tmp/bound/file; touch /tmp/bound/new; stat -c %a /tmp/memory; grep " /tmp/" /proc/mounts';
    const said = await says(script, { mounts });
    expect(said).toMatch(/^bound\n.*Read-only file system\n700\n/);
    expect(said).toMatch(/none \/tmp\/memory tmpfs rw,nosuid.*size=64k/);
  },
  async process() {
    const process = { cwd: '/home/alice', env: ['PATH=/bin', 'ONE=1', 'TWO=two words'] };
    expect(await says('pwd; echo $ONE $TWO', { process })).toBe('/home/alice\n1 two words\n');
  },
  async process_capabilities() {
    const sets = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'].map((set) => [set, ['CAP_CHOWN']]);
    const said = await says('grep ^Cap /proc/self/status', { process: { capabilities: Object.fromEntries(sets) } });
    expect(said.match(/0000000000000001/g)).toHaveLength(5);
  },
  async process_capabilities_fail() {
    const process = { capabilities: { bounding: ['CAP_TEST'] } };
    expect((await (await container('true', { process })).create()).code).not.toBe(0);
  },
  async process_oom_score_adj() {
    expect(await says('cat /proc/self/oom_score_adj', { process: { oomScoreAdj: 500 } })).toBe('500\n');
  },
  async process_rlimits() {
    const rlimits = [
      { type: 'RLIMIT_NOFILE', soft: 50, hard: 60 },
      { type: 'RLIMIT_STACK', soft: 1 << 20, hard: 1 << 21 },
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
    ];
    const said = await says('grep -E "open files|stack|core" /proc/self/limits', { process: { rlimits } });
    expect(said.replaceAll(/ +/g, ' ')).toBe(
      'Max stack size 1048576 2097152 bytes \nMax core file size 0 0 bytes \nMax open files 50 60 files \n',
    );
  },
  async process_rlimits_fail() {
    const process = { rlimits: [{ type: 'RLIMIT_TEST', soft: 1, hard: 1 }] };
    expect((await (await container('true', { process })).create()).code).not.toBe(0);
  },
  async process_user() {
    const user = { uid: 10, gid: 11, additionalGids: [5, 6], umask: 0o22 };
    const said = await says('id -u; id -g; grep Groups /proc/self/status; umask', { process: { user } });
    expect(said).toMatch(/^10\n11\nGroups:\t5 6( 11)? \n0022\n$/);
  },
  async root_readonly_true() {
    const said = await says('touch /new; echo $?', { root: { path: rootfs, readonly: true } });
    expect(said).toMatch(/Read-only file system\n1\n$/);
  },
};

/** The others, and why they say nothing here. */
const without: Readonly<Record<string, string>> = {
  default: 'all of the above in one configuration; oci-runtime.test.ts compares nine with crun',
  ...Object.fromEntries(
    ['blkio', 'cpus', 'devices', 'hugetlb', 'memory', 'network', 'pids'].flatMap((controller) => [
      [
        `linux_cgroups_${controller}`,
        'looks into the hierarchies of cgroup version 1; oci-engine.test.ts has version 2',
      ],
      [`linux_cgroups_relative_${controller}`, 'the same, below a path that is not absolute'],
    ]),
  ),
  linux_mount_label: 'SELinux: no such kernel',
  linux_process_apparmor_profile: 'AppArmor: no such kernel',
};

describe('the runtime does what runtime-tools ask for by', () => {
  it.each(Object.entries(checks))('%s', (_name, check) => check(), 120_000);

  it('all of its programs, but for those that have a reason', () => {
    // As `validation/` has them, 2024.
    expect(Object.keys({ ...checks, ...without })).toHaveLength(58);
  });
});
