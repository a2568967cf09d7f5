import type { SystemCall } from './system-calls';

/** Stands for the pid, in the host's pid namespace, of a process outside. */
export const outside = 'OUTSIDE';

export interface Attempt {
  readonly what: string;
  readonly calls: readonly SystemCall[];
  /** How the kernel answers an ordinary container. */
  readonly refused: string;
  /** How it answers one that is `--privileged`; with `sharing`, one that has the host's pid namespace as well. */
  readonly privileged: string;
  readonly sharing?: true;
}

const readOnly = 0;
const writeOnly = 1;
const block = 0o60600;
const character = 0o20600;
const device = (major: number, minor: number): number => major * 256 + minor;

function open(path: string, flags: number): SystemCall {
  return ['open', `@${path}`, flags];
}

function node(path: string, kind: number, number: number, flags: number): readonly SystemCall[] {
  return [['mknod', `@${path}`, kind, number], open(path, flags)];
}

/** A mount on a directory of its own. */
function mountOn(path: string, type: string, options = ''): readonly SystemCall[] {
  return [
    ['mkdir', `@${path}`, 0o700],
    ['mount', '@x', `@${path}`, `@${type}`, 0, `@${options}`],
  ];
}

const hostFile = '/run/strata/ready';
const up: readonly SystemCall[] = Array.from({ length: 20 }, () => ['chdir', '@..']);

export const attempts: readonly Attempt[] = [
  // Processes.
  {
    what: 'signal a process outside',
    calls: [['kill', outside, 0]],
    refused: 'ESRCH',
    privileged: 'ok',
    sharing: true,
  },
  { what: 'trace it', calls: [['ptrace', 0x4206, outside, 0, 0]], refused: 'ESRCH', privileged: 'ok', sharing: true },
  { what: 'hold on to it', calls: [['pidfd_open', outside, 0]], refused: 'ESRCH', privileged: 'ok', sharing: true },
  {
    what: 'go into its root by /proc',
    calls: [['chroot', `@/proc/${outside}/root`]],
    refused: 'ENOENT',
    privileged: 'ok',
    sharing: true,
  },
  {
    what: 'see the host’s files by the root of the first process',
    calls: [['access', `@/proc/1/root${hostFile}`, 0]],
    refused: 'ENOENT',
    privileged: 'ok',
    sharing: true,
  },
  {
    what: 'see them by leaving a chroot',
    calls: [
      ['mkdir', '@/jail', 0o700],
      open('/', readOnly),
      ['chroot', '@/jail'],
      ['fchdir', '$1'],
      ...up,
      ['chroot', '@.'],
      ['access', `@${hostFile}`, 0],
    ],
    refused: 'ENOENT',
    // It is the container's own root that it leads to, whatever its rights.
    privileged: 'ENOENT',
  },
  { what: 'signal everybody', calls: [['kill', -1, 0]], refused: 'ESRCH', privileged: 'ok', sharing: true },
  {
    what: 'read its memory',
    calls: [open(`/proc/${outside}/mem`, readOnly)],
    refused: 'ENOENT',
    privileged: 'ok',
    sharing: true,
  },
  {
    what: 'read its environment',
    calls: [open(`/proc/${outside}/environ`, readOnly)],
    refused: 'ENOENT',
    privileged: 'ok',
    sharing: true,
  },
  {
    what: 'change its limits',
    calls: [['prlimit64', outside, 7, '%00010000000000000001000000000000', 0]],
    refused: 'ESRCH',
    privileged: 'ok',
    sharing: true,
  },
  {
    what: 'move it to another processor',
    calls: [['sched_setaffinity', outside, 4, '%01000000']],
    refused: 'ESRCH',
    privileged: 'ok',
    sharing: true,
  },
  {
    what: 'compare what it has open with its own',
    calls: [['kcmp', outside, outside, 2, 0, 0]],
    refused: 'EPERM',
    privileged: 'ENOSYS',
    sharing: true,
  },
  // Mounts.
  { what: 'mount a file system', calls: mountOn('/m1', 'tmpfs'), refused: 'EPERM', privileged: 'ok' },
  { what: 'mount a /proc without masks', calls: mountOn('/m2', 'proc'), refused: 'EPERM', privileged: 'ok' },
  {
    what: 'mount groups of version 1 with a release agent',
    calls: mountOn('/m3', 'cgroup', 'none,name=attempt'),
    refused: 'EPERM',
    // Only who is in the first namespace of groups may.
    privileged: 'EPERM',
  },
  {
    what: 'mount the host’s disk by a node of its own making',
    calls: [
      ['mkdir', '@/m4', 0o700],
      ['mknod', '@/disk', block, device(254, 0)],
      ['mount', '@/disk', '@/m4', '@ext4', 0, '@'],
    ],
    refused: 'EPERM',
    privileged: 'ok',
  },
  {
    what: 'make /sys writable',
    calls: [['mount', '@', '@/sys', '@', 32 + 4096, 0]],
    refused: 'EPERM',
    privileged: 'ok',
  },
  { what: 'take a mask away', calls: [['umount2', '@/proc/keys', 2]], refused: 'EPERM', privileged: 'EINVAL' },
  { what: 'mount by the newer calls', calls: [['fsopen', '@tmpfs', 0]], refused: 'EPERM', privileged: 'ok' },
  { what: 'copy a mount', calls: [['open_tree', -100, '@/', 1]], refused: 'EPERM', privileged: 'ok' },
  { what: 'change the root', calls: [['pivot_root', '@/', '@/']], refused: 'EPERM', privileged: 'EBUSY' },
  {
    what: 'change a mount by the newest call',
    calls: [['mount_setattr', -100, '@/', 0, '%', 32]],
    refused: 'EPERM',
    privileged: 'ok',
  },
  {
    what: 'move one by a newer call',
    calls: [['move_mount', -100, '@/', -100, '@/', 0]],
    refused: 'EPERM',
    privileged: 'ELOOP',
  },
  { what: 'look at the options of one', calls: [['fspick', -100, '@/', 0]], refused: 'EPERM', privileged: 'ok' },
  {
    what: 'make a mask’s file visible by a mount over it',
    calls: [['mount', '@/proc/self/environ', '@/proc/keys', '@', 4096, 0]],
    refused: 'EPERM',
    privileged: 'ok',
  },
  {
    what: 'give the kernel a program for files of a kind',
    calls: [
      ['mkdir', '@/m5', 0o700],
      ['mount', '@x', '@/m5', '@binfmt_misc', 0, '@'],
    ],
    refused: 'EPERM',
    privileged: 'ok',
  },
  {
    what: 'see the host’s layers by 9p',
    calls: [
      ['mkdir', '@/m6', 0o700],
      ['mount', '@layers', '@/m6', '@9p', 0, '@trans=virtio,version=9p2000.L'],
    ],
    refused: 'EPERM',
    privileged: 'EBUSY',
  },
  {
    what: 'mount debugfs, which the kernel does not have',
    calls: mountOn('/m7', 'debugfs'),
    refused: 'EPERM',
    privileged: 'ENODEV',
  },
  // Namespaces.
  // With CLONE_FS, which the kernel refuses to let go together, so that nothing is made where it may be.
  { what: 'become that by the older call', calls: [['clone', 0x10000200]], refused: 'EPERM', privileged: 'EINVAL' },
  { what: 'have groups of its own', calls: [['unshare', 0x2000000]], refused: 'EPERM', privileged: 'ok' },
  { what: 'have a network of its own', calls: [['unshare', 0x40000000]], refused: 'EPERM', privileged: 'ok' },
  {
    what: 'map users',
    calls: [open('/proc/self/uid_map', writeOnly), ['write', '$0', '@0 0 1', 5]],
    refused: 'EPERM',
    privileged: 'EPERM',
  },
  { what: 'become root of a user namespace', calls: [['unshare', 0x10000000]], refused: 'EPERM', privileged: 'ok' },
  { what: 'have mounts of its own', calls: [['unshare', 0x20000]], refused: 'EPERM', privileged: 'ok' },
  {
    what: 'join a namespace',
    calls: [open('/proc/self/ns/net', readOnly), ['setns', '$0', 0x40000000]],
    refused: 'EPERM',
    privileged: 'ok',
  },
  // The filter cannot look into its arguments; programs then use the older call.
  { what: 'make any namespace by clone3', calls: [['clone3', 0, 0]], refused: 'ENOSYS', privileged: 'EINVAL' },
  // Paths.
  ...[
    '/proc/sys/kernel/panic',
    '/proc/sys/kernel/poweroff_cmd',
    '/proc/sysrq-trigger',
    '/sys/block/vda/queue/read_ahead_kb',
  ].map(
    (path): Attempt => ({ what: `write ${path}`, calls: [open(path, writeOnly)], refused: 'EROFS', privileged: 'ok' }),
  ),
  ...[
    '/proc/sys/kernel/hostname',
    '/proc/sys/kernel/randomize_va_space',
    '/proc/sys/kernel/unprivileged_bpf_disabled',
    '/proc/sys/vm/drop_caches',
    '/proc/sys/vm/overcommit_memory',
    '/proc/sys/net/ipv4/ip_forward',
    '/sys/bus/virtio/drivers_probe',
    '/sys/fs/cgroup/cgroup.procs',
    '/sys/fs/cgroup/pids.max',
  ].map(
    (path): Attempt => ({ what: `write ${path}`, calls: [open(path, writeOnly)], refused: 'EROFS', privileged: 'ok' }),
  ),
  // Ways out of containers elsewhere, which the kernel does not have.
  ...[
    '/proc/kcore',
    '/proc/latency_stats',
    '/proc/sched_debug',
    '/proc/scsi/scsi',
    '/proc/sys/kernel/core_pattern',
    '/proc/sys/kernel/modprobe',
    '/sys/firmware/memmap',
    '/sys/fs/pstore',
    '/sys/kernel/debug/tracing',
    '/sys/kernel/security',
    '/sys/kernel/uevent_helper',
  ].map(
    (path): Attempt => ({
      what: `open ${path}, which is not there`,
      calls: [open(path, readOnly)],
      refused: 'ENOENT',
      privileged: 'ENOENT',
    }),
  ),
  {
    what: 'change its own limits',
    calls: [open('/sys/fs/cgroup/memory.max', writeOnly)],
    refused: 'EROFS',
    privileged: 'ok',
  },
  {
    what: 'make a group without them',
    calls: [['mkdir', '@/sys/fs/cgroup/attempt', 0o755]],
    refused: 'EROFS',
    privileged: 'ok',
  },
  // Devices.
  {
    what: 'open the host’s disk',
    calls: node('/d1', block, device(254, 0), readOnly),
    refused: 'EPERM',
    privileged: 'ok',
  },
  {
    what: 'open /dev/mem, which the kernel does not have',
    calls: node('/d2', character, device(1, 1), readOnly),
    refused: 'EPERM',
    privileged: 'ENXIO',
  },
  {
    what: 'open /dev/kmsg',
    calls: node('/d3', character, device(1, 11), readOnly),
    refused: 'EPERM',
    privileged: 'ok',
  },
  {
    what: 'open the host’s console',
    calls: node('/d4', character, device(4, 64), 0o4402),
    refused: 'EPERM',
    privileged: 'ok',
  },
  ...(
    [
      ['the console of the host’s kernel', 229, 0, 'ok'],
      ['/dev/console of the host', 5, 1, 'ok'],
      ['/dev/net/tun', 10, 200, 'ok'],
      ['/dev/fuse', 10, 229, 'ok'],
      ['/dev/loop-control', 10, 237, 'ok'],
      ['the port of the host’s agent', 254, 1, 'EBUSY'],
      ['/dev/port, which the kernel does not have', 1, 4, 'ENXIO'],
      ['the device mapper, which it does not have', 10, 236, 'ENODEV'],
    ] as const
  ).map(
    ([what, major, minor, privileged], at): Attempt => ({
      what: `open ${what}`,
      calls: node(`/e${at}`, character, device(major, minor), readOnly),
      refused: 'EPERM',
      privileged,
    }),
  ),
  // The kernel. What it does not have is refused before that is known.
  { what: 'speak to ports', calls: [['iopl', 3]], refused: 'EPERM', privileged: 'ENOSYS' },
  { what: 'load a module', calls: [['init_module', '@', 0, '@']], refused: 'EPERM', privileged: 'ENOSYS' },
  { what: 'load one from a file', calls: [['finit_module', 0, '@', 0]], refused: 'EPERM', privileged: 'ENOSYS' },
  { what: 'take one out', calls: [['delete_module', '@x', 0]], refused: 'EPERM', privileged: 'ENOSYS' },
  { what: 'load another kernel', calls: [['kexec_load', 0, 0, 0, 0]], refused: 'EPERM', privileged: 'ENOSYS' },
  {
    what: 'make a map for BPF',
    calls: [['bpf', 0, '%02000000040000000400000001000000', 16]],
    refused: 'EPERM',
    privileged: 'ok',
  },
  {
    what: 'count what the processor does',
    calls: [['perf_event_open', '%0100000070000000', -1, 0, -1, 0]],
    refused: 'EPERM',
    privileged: 'ok',
  },
  { what: 'handle faults', calls: [['userfaultfd', 0]], refused: 'EPERM', privileged: 'ENOSYS' },
  { what: 'look at keyrings', calls: [['keyctl', 0, -3, 0]], refused: 'EPERM', privileged: 'ok' },
  { what: 'add a key', calls: [['add_key', '@user', '@attempt', '%78', 1, -3]], refused: 'EPERM', privileged: 'ok' },
  { what: 'read the kernel’s log', calls: [['syslog', 3, '%00', 1]], refused: 'EPERM', privileged: 'ok' },
  { what: 'watch all files', calls: [['fanotify_init', 0, 0]], refused: 'EPERM', privileged: 'ok' },
  { what: 'change swapping', calls: [['swapoff', '@/nowhere']], refused: 'EPERM', privileged: 'ENOSYS' },
  { what: 'keep accounts', calls: [['acct', 0]], refused: 'EPERM', privileged: 'ENOSYS' },
  {
    what: 'restart the machine (here: say what Ctrl-Alt-Del does)',
    calls: [['reboot', -18751827, 672274793, 0, 0]],
    refused: 'EPERM',
    privileged: 'ok',
    sharing: true,
  },
  { what: 'set the clock', calls: [['settimeofday', 0, '%0000000000000000']], refused: 'EPERM', privileged: 'ok' },
  {
    what: 'make the clock go at the pace that it has',
    calls: [['adjtimex', `%00400000${'00'.repeat(40)}10270000`]],
    refused: 'EPERM',
    privileged: 'ok',
  },
  { what: 'change the host’s name', calls: [['sethostname', '@x', 1]], refused: 'EPERM', privileged: 'ok' },
  {
    what: 'open a file by its number',
    calls: [open('/dev/shm', readOnly), ['open_by_handle_at', '$0', '%0c00000001000000', readOnly]],
    refused: 'EPERM',
    privileged: 'ESTALE',
  },
  { what: 'run programs of other systems', calls: [['personality', 0x400000]], refused: 'EPERM', privileged: 'ok' },
  {
    what: 'ask for a key',
    calls: [['request_key', '@user', '@attempt', 0, 0]],
    refused: 'EPERM',
    privileged: 'ok',
  },
  { what: 'speak to a range of ports', calls: [['ioperm', 0x3f8, 8, 1]], refused: 'EPERM', privileged: 'ENOSYS' },
  {
    what: 'have a ring of calls that no filter sees',
    calls: [['io_uring_setup', 4, `%${'00'.repeat(120)}`]],
    refused: 'EPERM',
    privileged: 'ENOSYS',
  },
  { what: 'make a virtual 8086', calls: [['vm86', 1, 0]], refused: 'EPERM', privileged: 'ENOSYS' },
  { what: 'swap to a file', calls: [['swapon', '@/nowhere', 0]], refused: 'EPERM', privileged: 'ENOSYS' },
  { what: 'set quotas', calls: [['quotactl', 0x800001, 0, 0, 0]], refused: 'EPERM', privileged: 'ENOSYS' },
  { what: 'hang up the terminal', calls: [['vhangup']], refused: 'EPERM', privileged: 'ok' },
  // With a fraction that is none, so that the clock stays where it may be set.
  {
    what: 'set the clock by the newer call',
    calls: [['clock_settime', 0, '%00000000ffffffff']],
    refused: 'EPERM',
    privileged: 'EINVAL',
  },
  { what: 'change the domain’s name', calls: [['setdomainname', '@x', 1]], refused: 'EPERM', privileged: 'ok' },
  {
    what: 'speak to the machine’s supervisor',
    calls: [['socket', 40, 1, 0]],
    refused: 'EPERM',
    privileged: 'EAFNOSUPPORT',
  },
  {
    what: 'hear what the kernel audits',
    calls: [['socket', 16, 3, 9]],
    refused: 'EPROTONOSUPPORT',
    privileged: 'EPROTONOSUPPORT',
  },
  // Version 3, this process; every set whole.
  {
    what: 'take rights that it does not have',
    calls: [['capset', '%2205082000000000', `%${'ff'.repeat(24)}`]],
    refused: 'EPERM',
    privileged: 'ok',
  },
  // Limits.
  {
    what: 'run before everybody else',
    calls: [['sched_setscheduler', 0, 1, '%01000000']],
    refused: 'EPERM',
    privileged: 'ok',
  },
  {
    what: 'read and write before everybody else',
    calls: [['ioprio_set', 1, 0, 1 << 13]],
    refused: 'EPERM',
    privileged: 'ok',
  },
  { what: 'raise a limit', calls: [['setrlimit', 8, '%ffffffffffffffff']], refused: 'EPERM', privileged: 'ok' },
  { what: 'come before others', calls: [['setpriority', 0, 0, -5]], refused: 'EACCES', privileged: 'ok' },
  {
    what: 'be spared when memory is short',
    calls: [open('/proc/self/oom_score_adj', writeOnly), ['write', '$0', '@-999', 4]],
    refused: 'EACCES',
    privileged: 'ok',
  },
  {
    what: 'take an interface down',
    calls: [
      ['socket', 2, 2, 0],
      ['ioctl', '$0', 0x8914, '%6c6f'],
    ],
    refused: 'EPERM',
    privileged: 'ok',
  },
];
