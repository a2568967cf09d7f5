import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveSeccomp } from '../../src/engine/containers/seccomp';
import { defaultSeccompProfile } from '../../src/engine/containers/seccomp-profile';
import {
  type ConfigChange,
  defaultCapabilities,
  dockerConfig,
  type OciHost,
  rootfs,
  startOciHost,
} from '../support/oci-lab';

/** What a container sees, in one configuration after the other, told by crun as well: it is the peer to compare with. */

const namespaces = (...types: readonly string[]) => types.map((type) => ({ type }));
const others = ['pid', 'network', 'ipc', 'uts', 'mount'];

const devices = "stat -c '%n %F %a %t:%T' null zero full random urandom tty fd core ptmx shm mqueue; echo x > null";
const mounted = "cut -d' ' -f2,3,4 /proc/mounts | grep -v -e '^/ ' -e '^/proc/' -e '^/sys/firmware' | sed s/,size=.*//";

const facts: readonly (readonly [string, readonly string[], ConfigChange])[] = [
  [
    'is as docker has it',
    [
      'hostname; echo $$; id; pwd; env | sort; cat; echo err >&2',
      "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; umask; ulimit -n; ulimit -c",
      mounted,
      `cd /dev; ${devices}`,
      // Masked, read-only, refused.
      'cat /proc/keys; ls /sys/firmware; head -c 1 /proc/timer_list',
      'echo 1 > /proc/sys/kernel/panic; echo b > /proc/sysrq-trigger; mkdir /sys/fs/cgroup/x',
      'mount -t tmpfs x /tmp; mknod /tmp/vda b 254 0 && cat /tmp/vda; rm /tmp/vda',
      'exit 7',
    ],
    {},
  ],
  [
    'has the limits and the user that are asked for',
    [
      'ulimit -n; ulimit -H -n; cat /proc/self/oom_score_adj; umask; grep -E "Groups|Cap" /proc/self/status',
      'cat /proc/self/cgroup; cat /sys/fs/cgroup/pids.max; touch /root/file; exit 3',
    ],
    {
      process: {
        rlimits: [{ type: 'RLIMIT_NOFILE', soft: 100, hard: 200 }],
        oomScoreAdj: 300,
        user: { uid: 1000, gid: 1000, umask: 0o27, additionalGids: [5, 6] },
      },
      linux: { namespaces: namespaces(...others, 'cgroup'), resources: { pids: { limit: 77 } } },
    },
  ],
  [
    "is filtered by docker's own profile",
    [
      'unshare -U true; mount -t tmpfs x /tmp; hostname x; dmesg; swapoff x; chroot / true && echo chrooted',
      'echo one | cat; sleep 0.01; ls -l /etc > /dev/null && echo listed; grep Seccomp /proc/self/status',
    ],
    {
      linux: {
        namespaces: namespaces(...others),
        seccomp: resolveSeccomp(defaultSeccompProfile, defaultCapabilities),
      },
    },
  ],
  [
    'may have no rights, and not get more',
    ["grep -E '^(Cap|NoNewPrivs)' /proc/self/status; su alice -c id; ls /root"],
    { process: { noNewPrivileges: true, user: { uid: 1000, gid: 1000 }, capabilities: {} } },
  ],
  [
    'may have rights that programs inherit',
    ["grep -E '^Cap' /proc/self/status"],
    {
      process: {
        user: { uid: 1000, gid: 1000 },
        capabilities: Object.fromEntries(
          ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'].map((set) => [set, ['CAP_NET_RAW']]),
        ),
      },
    },
  ],
  [
    'may have a root that nobody writes to, sysctls, and a directory of its own',
    [
      'pwd; echo x > /file; touch /tmp/file && echo written; touch /dev/shm/file && echo written',
      'sysctl -n net.ipv4.ip_unprivileged_port_start kernel.shm_rmid_forced',
    ],
    {
      root: { path: rootfs, readonly: true },
      process: { cwd: '/tmp/new/directory' },
      mounts: [{ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['size=1m', 'mode=1777'] }],
      linux: {
        namespaces: namespaces(...others),
        sysctl: { 'net.ipv4.ip_unprivileged_port_start': '0', 'kernel.shm_rmid_forced': '1' },
      },
    },
  ],
  [
    'may share what is the host',
    ['hostname; ls -d /proc/1/root/srv; cat /proc/1/comm'],
    {
      hostname: undefined,
      linux: { namespaces: namespaces('mount') },
      process: {
        capabilities: { bounding: ['CAP_SYS_PTRACE'], effective: ['CAP_SYS_PTRACE'], permitted: ['CAP_SYS_PTRACE'] },
      },
    },
  ],
  [
    'can be given devices',
    ["stat -c '%F %a %u %g %t:%T' /dev/extra; head -c 3 /dev/extra | wc -c; echo x > /dev/kmsg"],
    {
      linux: {
        namespaces: namespaces(...others),
        devices: [
          { path: '/dev/extra', type: 'c', major: 1, minor: 5, fileMode: 0o640, uid: 3, gid: 4 },
          { path: '/dev/kmsg', type: 'c', major: 1, minor: 11 },
        ],
        resources: {
          devices: [
            { allow: false, access: 'rwm' },
            { allow: true, type: 'c', major: 1, minor: 11, access: 'r' },
          ],
        },
      },
    },
  ],
  [
    'can have files and directories of the host',
    [
      'cat /etc/hosts; ls /given; echo x > /given/new; echo x > /given/deep/new && rm /given/deep/new; cat /given/deep/in',
    ],
    {
      mounts: [
        { destination: '/etc/hosts', type: 'bind', source: '/srv/given/hosts', options: ['bind', 'ro'] },
        { destination: '/given', type: 'bind', source: '/srv/given', options: ['rbind', 'ro'] },
      ],
    },
  ],
];

describe('a container', () => {
  let host: OciHost;
  beforeAll(async () => {
    host = await startOciHost();
    await host.sh(`mkdir -p /srv/given/deep /srv/below && echo the hosts > /srv/given/hosts && echo below > /srv/below/in
      mount --bind /srv/below /srv/given/deep`);
  });
  afterAll(() => host.dispose());

  it.each(facts)('%s, as with crun', async (title, commands, change) => {
    const id = title.replaceAll(/\W+/g, '-');
    const config = dockerConfig(commands.join('\n'), change);
    const ours = await host.run(id, config);
    const theirs = await host.run(id, config, { runtime: 'crun' });
    expect(ours).toEqual(theirs);
    expect(ours.stdout).not.toBe('');
  });

  it('ends as crun has it when a signal ends its program', async () => {
    const config = dockerConfig(['/bin/sh', '-c', 'trap "echo term; exit 5" TERM; kill $$; sleep 1000']);
    expect(await host.run('trapped', config)).toEqual({ code: 5, stdout: 'term\n', stderr: '' });
    const killed = dockerConfig('sh -c "kill -9 \\$\\$"; exit $?');
    expect((await host.run('killed', killed)).code).toBe(137);
  });

  it('leaves nothing behind', async () => {
    const left =
      'ls -A /run/strata-oci; find /sys/fs/cgroup/strata -mindepth 1 -type d; grep -c "/strata-oci/[a-z]" /proc/mounts';
    expect((await host.sh(left)).stdout).toBe('.bpf\n.root\nserve.sock\n0\n');
  });
});
