import type { HostConfig, MountPoint, MountSpec } from '../../api/container';
import { SandboxError } from '../../base/errors';
import { pathDepth } from '../../base/path-depth';
import { readVolumeOptions } from './volume-options';

/** A mount of a container as it is kept. Paths are absolute and clean. */
export type StoredMount =
  | {
      readonly kind: 'volume';
      readonly volume: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** An empty volume gets what the image has there. */
      readonly seed: boolean;
      /** Made for a container, without a name of a user's; removed with the last that has it when that is wished. */
      readonly anonymous: boolean;
      /** Of the volume, if it is not there yet; see {@link readVolumeOptions}. */
      readonly options?: Readonly<Record<string, string>>;
      /** The same of its labels. */
      readonly labels?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly readOnly: boolean }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly options: readonly string[] };

export interface MountWish {
  readonly host: Pick<HostConfig, 'Binds' | 'Mounts' | 'Tmpfs'>;
  /** Paths that the image or the user wants volumes at. */
  readonly volumes: readonly string[];
  /** Of the containers of `--volumes-from`. */
  readonly inherited: readonly StoredMount[];
  readonly newName: () => string;
}

/**
 * What is mounted where, as docker decides it (moby, daemon/volumes.go): `--volumes-from`, then binds, then mounts, and an
 * anonymous volume for each path that has none yet. `InvalidArgument` in docker's words.
 */
export function planMounts({ host, volumes, inherited, newName }: MountWish): readonly StoredMount[] {
  const given = [
    ...(host.Binds ?? []).map(parseBind),
    ...(host.Mounts ?? []).map((mount) => readMount(mount, newName)),
    ...Object.entries(host.Tmpfs ?? {}).map(
      ([path, options]): StoredMount => ({
        kind: 'tmpfs',
        target: cleanTarget(path),
        options: options.split(',').filter(Boolean),
      }),
    ),
  ];
  const byTarget = new Map<string, StoredMount>();
  for (const mount of given) {
    if (byTarget.has(mount.target)) throw invalid(`Duplicate mount point: ${mount.target}`);
    byTarget.set(mount.target, mount);
  }
  for (const mount of inherited) if (!byTarget.has(mount.target)) byTarget.set(mount.target, mount);
  for (const path of volumes) {
    const target = cleanTarget(path);
    if (byTarget.has(target)) continue;
    byTarget.set(target, { kind: 'volume', volume: newName(), target, readOnly: false, seed: true, anonymous: true });
  }
  // A mount below another is made after it.
  return [...byTarget.values()].sort(
    (a, b) => pathDepth(a.target) - pathDepth(b.target) || (a.target < b.target ? -1 : 1),
  );
}

/** `SOURCE:TARGET[:OPTIONS]`, `TARGET` alone is an anonymous volume, which clients send as a volume of the config. */
function parseBind(text: string): StoredMount {
  const [source = '', to = '', mode = '', ...more] = text.split(':');
  if (source === '' || to === '' || more.length > 0) throw invalid(`invalid volume specification: '${text}'`);
  const flags = mode.split(',').filter(Boolean);
  const unknown = flags.find((flag) => !bindFlags.has(flag));
  if (unknown !== undefined) throw invalid(`invalid mode: ${mode}`);
  const readOnly = flags.includes('ro');
  const target = cleanTarget(to, text);
  if (source.startsWith('/')) return { kind: 'bind', source: cleanPath(source), target, readOnly };
  return {
    kind: 'volume',
    volume: readVolumeName(source),
    target,
    readOnly,
    seed: !flags.includes('nocopy'),
    anonymous: false,
  };
}

/** Labels of SELinux and propagation mean nothing on a host of ours. */
const bindFlags: ReadonlySet<string> = new Set(
  'rw ro z Z nocopy consistent cached delegated rprivate private rshared shared rslave slave'.split(' '),
);

function readMount(mount: MountSpec, newName: () => string): StoredMount {
  const { Type, Target, Source = '', ReadOnly = false } = mount;
  const wrong = (why: string): SandboxError => invalid(`invalid mount config for type "${Type}": ${why}`);
  if (!Target) throw wrong('field Target must not be empty');
  const target = cleanTarget(Target);
  switch (Type) {
    case 'bind': {
      if (Source === '') throw wrong('field Source must not be empty');
      if (!Source.startsWith('/')) throw wrong(`invalid mount path: '${Source}' mount path must be absolute`);
      return { kind: 'bind', source: cleanPath(Source), target, readOnly: ReadOnly };
    }
    case 'volume': {
      const { NoCopy = false, Subpath = '', DriverConfig, Labels = {} } = mount.VolumeOptions ?? {};
      const driver = DriverConfig?.Name || 'local';
      if (driver !== 'local') throw noVolumeDriver(driver);
      if (Subpath !== '') throw wrong('a subpath of a volume cannot be mounted here');
      if (Source === '' && ReadOnly) throw wrong('must not set ReadOnly mode when using anonymous volumes');
      const volume = Source === '' ? newName() : readVolumeName(Source);
      const options = readVolumeOptions(volume, DriverConfig?.Options ?? {});
      return {
        kind: 'volume',
        volume,
        target,
        readOnly: ReadOnly,
        seed: !NoCopy,
        anonymous: Source === '',
        ...(Object.keys(options).length > 0 && { options }),
        ...(Object.keys(Labels).length > 0 && { labels: Labels }),
      };
    }
    case 'tmpfs': {
      if (Source !== '') throw wrong('field Source must not be specified');
      const { SizeBytes, Mode } = mount.TmpfsOptions ?? {};
      const options = [
        ...(SizeBytes ? [`size=${SizeBytes}`] : []),
        ...(Mode ? [`mode=${Mode.toString(8)}`] : []),
        ...(ReadOnly ? ['ro'] : []),
      ];
      return { kind: 'tmpfs', target, options };
    }
    default:
      throw invalid(`mount type unknown: "${Type}"`);
  }
}

/** There is one driver of volumes. */
export function noVolumeDriver(driver: string): SandboxError {
  return invalid(`error looking up volume plugin ${driver}: plugin "${driver}" not found`);
}

/** `InvalidArgument` in docker's words. */
export function readVolumeName(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name) && name.length <= 255) return name;
  throw invalid(
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

/** A mount as inspect shows it. */
export function mountPoint(mount: StoredMount): MountPoint {
  if (mount.kind === 'tmpfs') {
    return {
      Type: 'tmpfs',
      Source: '',
      Destination: mount.target,
      Mode: mount.options.join(','),
      RW: true,
      Propagation: '',
    };
  }
  const { target: Destination, readOnly } = mount;
  if (mount.kind === 'bind') {
    return {
      Type: 'bind',
      Source: mount.source,
      Destination,
      Mode: readOnly ? 'ro' : '',
      RW: !readOnly,
      Propagation: 'rprivate',
    };
  }
  return {
    Type: 'volume',
    Name: mount.volume,
    Source: volumePath(mount.volume),
    Destination,
    Driver: 'local',
    Mode: readOnly ? 'ro' : 'z',
    RW: !readOnly,
    Propagation: '',
  };
}

/** Where docker would have it; clients show it. */
export function volumePath(name: string): string {
  return `/var/lib/docker/volumes/${name}/_data`;
}

function cleanTarget(path: string, whole = path): string {
  if (!path.startsWith('/')) {
    throw invalid(
      `invalid volume specification: '${whole}': invalid mount path: '${path}' mount path must be absolute`,
    );
  }
  const clean = cleanPath(path);
  if (clean === '/')
    throw invalid(`invalid volume specification: '${whole}': invalid specification: destination can't be '/'`);
  return clean;
}

export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
