import { SandboxError } from '../../src/base/errors';

/** Applets that would mislead: PID 1 is ours, and no guest has a package manager's data. */
const unwanted = new Set([
  'busybox',
  'dpkg',
  'dpkg-deb',
  'init',
  'linuxrc',
  'rpm',
  'rpm2cpio',
  'run-init',
  'switch_root',
]);

/**
 * The names a busybox program answers to, read from the program's own table: names in alphabetical order,
 * each ended by a NUL, the first one "[". Asking the program itself would need a machine that runs i386.
 */
export function busyboxApplets(program: Buffer): readonly string[] {
  const start = program.indexOf('\0[\0[[\0', 0, 'latin1');
  const end = program.indexOf('\0\0', start + 1, 'latin1');
  const names = start < 0 ? [] : program.toString('latin1', start + 1, end).split('\0');
  if (!names.includes('sh') || !names.includes('tar')) {
    throw new SandboxError('DataLoss', "The table of applets was not found in busybox: its build's layout has changed");
  }
  return names.filter((name) => !unwanted.has(name));
}
