import type { ContainerKernel } from '../../api/container-kernel';

type Mounts = ContainerKernel['mounts'];

/** What a kernel makes up: files that are not what their sizes say, and nothing to keep. */
const madeUp: ReadonlySet<string> = new Set(
  'proc sysfs cgroup cgroup2 devpts devtmpfs mqueue securityfs debugfs tracefs bpf pstore configfs fusectl binfmt_misc'.split(
    ' ',
  ),
);

/** One tree of a file system, as it is packed. */
export interface ShownTree {
  readonly path: string;
  /** Without what is mounted below: that has trees of its own, or is not shown. */
  readonly apart: boolean;
}

/** `itself`: a directory that is shown, without what is in it. Docker sees there what lies below the mount, which is nothing. */
export type Hidden = 'no' | 'itself' | 'inside';

/** Whether a path lies where a kernel's files are in a running container, which docker's copies do not have. */
export function hiddenAt(mounts: Mounts, path: string): Hidden {
  const above = mounts.filter(({ target }) => isIn(path, target));
  const kernel = above.filter(({ type }) => madeUp.has(type));
  const [first] = kernel.sort((a, b) => a.target.length - b.target.length);
  if (first) {
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    return first.target === path && hiddenAt(mounts, parent) === 'no' ? 'itself' : 'inside';
  }
  const nearest = above.reduce((best, { target }) => (target.length >= best.length ? target : best), '');
  if (nearest !== '/dev') return 'no';
  return path === '/dev' ? 'itself' : 'inside';
}

/** What a tree consists of, in order: one tree alone where nothing in it is hidden. */
export function shownTrees(mounts: Mounts, path: string): readonly ShownTree[] {
  const below = [...new Set(mounts.map(({ target }) => target))].filter(
    (target) => target !== path && isIn(target, path),
  );
  if (below.every((target) => hiddenAt(mounts, target) === 'no')) return [{ path, apart: false }];
  const shown = below.filter((target) => hiddenAt(mounts, target) === 'no');
  const tops = shown.filter((target) => !shown.some((other) => other !== target && isIn(target, other)));
  return [{ path, apart: true }, ...tops.sort().flatMap((target) => shownTrees(mounts, target))];
}

function isIn(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}
