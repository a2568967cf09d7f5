import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../images/lib/run';
import { findProgram } from '../../scripts/lib/judges.mjs';

/** Whether there is what compiles it. */
export const canBuildSystemCalls = findProgram('clang') !== undefined;

const flags = [
  ...['--target=i386-linux-gnu', '-O1', '-Wall', '-Werror', '-ffreestanding', '-fno-builtin', '-nostdlib', '-static'],
  ...['-fno-pic', '-fno-stack-protector', '-fno-asynchronous-unwind-tables', '-s'],
];

/** The program of test/fixtures/isolation/system-calls.c. */
export function buildSystemCalls(): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-system-calls-'));
  const output = join(folder, 'system-calls');
  try {
    run('clang', [...flags, '-o', output, 'system-calls.c'], {
      directory: fileURLToPath(new URL('../fixtures/isolation', import.meta.url)),
    });
    return Uint8Array.from(readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Numbers of Linux's calls on i386 (arch/x86/entry/syscalls/syscall_32.tbl). */
const numbers = {
  ...{ read: 3, write: 4, open: 5, chdir: 12, mknod: 14, mount: 21, ptrace: 26, access: 33, kill: 37, mkdir: 39 },
  ...{ acct: 51, umount2: 52, ioctl: 54, chroot: 61, sethostname: 74, setrlimit: 75, settimeofday: 79, reboot: 88 },
  ...{ setpriority: 97, syslog: 103, iopl: 110, swapoff: 115, adjtimex: 124, init_module: 128, delete_module: 129 },
  ...{ fchdir: 133, personality: 136, pivot_root: 217, kexec_load: 283, add_key: 286, keyctl: 288, unshare: 310 },
  ...{ perf_event_open: 336, fanotify_init: 338, open_by_handle_at: 342, setns: 346, finit_module: 350, bpf: 357 },
  ...{ socket: 359, userfaultfd: 374, open_tree: 428, fsopen: 430, pidfd_open: 434, clone3: 435 },
  ...{ nanosleep: 162, bind: 361, setsockopt: 366, sendto: 369 },
  ...{ swapon: 87, ioperm: 101, vhangup: 111, clone: 120, setdomainname: 121, quotactl: 131, sched_setscheduler: 156 },
  ...{ vm86: 166, capset: 185, sched_setaffinity: 241, clock_settime: 264, request_key: 287, ioprio_set: 289 },
  ...{ prlimit64: 340, kcmp: 349, io_uring_setup: 425, move_mount: 429, fspick: 433, mount_setattr: 442 },
} as const;

export type SystemCall = readonly [name: keyof typeof numbers, ...argument: readonly (string | number)[]];

/** The program's words for attempts, one after the other. */
export function wordsOf(attempts: readonly (readonly SystemCall[])[]): readonly string[] {
  return attempts.flatMap((calls, at) => [
    ...(at > 0 ? ['--'] : []),
    ...calls.flatMap(([name, ...given], step) => [
      ...(step > 0 ? [','] : []),
      String(numbers[name]),
      ...given.map(String),
    ]),
  ]);
}

const errors: Readonly<Record<number, string>> = {
  ...{ 1: 'EPERM', 2: 'ENOENT', 3: 'ESRCH', 6: 'ENXIO', 13: 'EACCES', 16: 'EBUSY', 19: 'ENODEV', 22: 'EINVAL' },
  ...{
    30: 'EROFS',
    38: 'ENOSYS',
    40: 'ELOOP',
    93: 'EPROTONOSUPPORT',
    95: 'EOPNOTSUPP',
    97: 'EAFNOSUPPORT',
    116: 'ESTALE',
    126: 'ENOKEY',
  },
};

/** How an attempt ended: an error's name, `ok`, or `empty` for 0 bytes where some are read. */
export function resultOf(line: string): string {
  const number = Number(line);
  return number < 0
    ? (errors[-number] ?? `errno ${-number}`)
    : number >= 1000 + 1 && number < 1064
      ? `signal ${number - 1000}`
      : 'ok';
}
