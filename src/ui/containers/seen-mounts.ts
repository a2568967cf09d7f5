import type { ContainerKernel } from '../../api/container-kernel';

/** A mount, wherever it was seen from. */
export interface SeenMount {
  readonly target: string;
  readonly type: string;
  readonly options: string;
  /** The directory of its file system that is mounted, where that is not the whole. */
  readonly directory?: string;
}

export interface SortedMounts {
  /** The root, volumes, binds and tmpfs. */
  readonly own: readonly SeenMount[];
  /** What a kernel shows of itself: `/proc`, `/sys`, `/dev` and below. */
  readonly kernel: readonly SeenMount[];
  /** Paths that are covered by something empty. */
  readonly masked: readonly string[];
  readonly readOnly: readonly string[];
}

const kernelTypes = new Set(['proc', 'sysfs', 'devpts', 'mqueue', 'cgroup', 'cgroup2', 'devtmpfs']);

/** `/proc/self/mountinfo` (man 5 proc). What is no such line is left out. */
export function parseMountInfo(text: string): readonly SeenMount[] {
  return text.split('\n').flatMap((line) => {
    const [left = '', right] = line.split(' - ');
    const [, , , directory, target, options] = left.split(' ');
    const type = right?.split(' ')[0];
    if (directory === undefined || target === undefined || options === undefined || !type) return [];
    const own = unescapePath(directory);
    return [{ target: unescapePath(target), type, options, ...(own !== '/' && { directory: own }) }];
  });
}

/** The same of what the host's kernel says, with the names of volumes and binds that docker knows. */
export function kernelMounts(
  { mounts }: Pick<ContainerKernel, 'mounts'>,
  named: readonly { readonly Destination: string; readonly Name?: string; readonly Source?: string }[],
): readonly SeenMount[] {
  return mounts.map(({ target, type, options }) => {
    const found = named.find(({ Destination }) => Destination === target);
    const directory = found?.Name || found?.Source;
    return { target, type, options, ...(directory && { directory }) };
  });
}

export function sortMounts(mounts: readonly SeenMount[]): SortedMounts {
  const below = ({ target }: SeenMount): boolean => /^\/(?:proc|sys)\//.test(target);
  const isMask = (mount: SeenMount): boolean =>
    below(mount) && (mount.type === 'tmpfs' || mount.directory === '/null' || mount.type === 'devtmpfs');
  const isReadOnly = (mount: SeenMount): boolean =>
    below(mount) && (mount.type === 'proc' || mount.type === 'sysfs') && hasOption(mount, 'ro');
  const rest = mounts.filter((mount) => !isMask(mount) && !isReadOnly(mount));
  const isKernel = ({ target, type }: SeenMount): boolean => kernelTypes.has(type) || target === '/dev';
  return {
    own: rest.filter((mount) => !isKernel(mount)),
    kernel: rest.filter(isKernel),
    masked: mounts.filter(isMask).map(({ target }) => target),
    readOnly: mounts.filter(isReadOnly).map(({ target }) => target),
  };
}

/** `/data ext4 rw of /volumes/data`, in columns. */
export function mountLines(mounts: readonly SeenMount[], of: (directory: string) => string): string {
  const width = (pick: (mount: SeenMount) => string): number => Math.max(0, ...mounts.map((each) => pick(each).length));
  const [targets, types] = [width(({ target }) => target), width(({ type }) => type)];
  return mounts
    .map((mount) => {
      const { target, type, directory } = mount;
      const mode = hasOption(mount, 'ro') ? 'ro' : 'rw';
      return `${target.padEnd(targets)} ${type.padEnd(types)} ${mode}${directory === undefined ? '' : ` ${of(directory)}`}`;
    })
    .join('\n');
}

function hasOption({ options }: SeenMount, name: string): boolean {
  return options.split(',').includes(name);
}

/** Spaces and their like are octal there. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));
}
