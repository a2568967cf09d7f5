import type { ContainerChange, ContainerPathStat } from '../../api/container-host';
import { SandboxError } from '../../base/errors';
import { type ContainerPaths, emptyDirectory, layersDirectory } from './host-paths';
import { feedProgram, type HostGuest, runProgram, startReading } from './host-program';

/** Where a container's files are: below its process while one runs, else in an overlay that is mounted for the moment. */
export interface FilesPlace {
  readonly paths: ContainerPaths;
  /** Names of its layers, the lowest first. */
  readonly layers: readonly string[];
  /** Of its first process, in the host's pid namespace. */
  readonly pid: number | undefined;
}

export interface UnpackOptions {
  readonly noOverwriteDirNonDir: boolean;
  /** Who gets everything; absent: as the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

const program = 'strata-files';

/**
 * In a mount namespace of its own, which takes the mount along when it ends. `$1` options, `$2` directories that a
 * container which never ran does not have yet, then the program; names of layers are relative, so that those of a
 * hundred fit.
 */
const underOverlay = `
set -e
mkdir -p /run/strata/look $2
cd ${layersDirectory}
mount -t overlay -o "$1" overlay /run/strata/look
shift 2
exec "$@"
`;

/** `$1` the image's root, `$2` the path there, `$3` the directory. A path that is no directory there has nothing to copy. */
const seedScript = `
[ -z "$(ls -A "$3")" ] || exit 0
strata-files stat "$1" "$2/." > /dev/null 2>&1 || exit 0
strata-files pack "$1" "$2/." . | strata-files unpack "$3" / itself
`;

/** Files of containers, by a program in the host that locks itself into the root it works on. */
export class RootFiles {
  readonly #guest: HostGuest;

  constructor(guest: HostGuest) {
    this.#guest = guest;
  }

  async stat(place: FilesPlace, path: string): Promise<ContainerPathStat> {
    const argv = inRoot(place, (root) => [program, 'stat', root, path]);
    const said = new TextDecoder().decode(await runProgram(this.#guest, argv, `Cannot look at ${path}`));
    return parseStatus(path, said);
  }

  /** A tar of what is at the path, named by its last part. */
  pack(place: FilesPlace, path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const argv = inRoot(place, (root) => [program, 'pack', root, path, lastPart(path)]);
    return startReading(this.#guest, argv, `Cannot read ${path}`);
  }

  unpack(place: FilesPlace, path: string, tar: ReadableStream<Uint8Array>, options: UnpackOptions): Promise<void> {
    const { noOverwriteDirNonDir, owner } = options;
    const flags = [...(noOverwriteDirNonDir ? ['keep-kind'] : []), ...(owner ? [`${owner.uid}:${owner.gid}`] : [])];
    const argv = inRoot(place, (root) => [program, 'unpack', root, path, ...flags]);
    return feedProgram(this.#guest, argv, `Cannot write below ${path}`, tar);
  }

  /** Unpacks into a directory of the host's own. */
  unpackInto(directory: string, tar: ReadableStream<Uint8Array>): Promise<void> {
    return feedProgram(this.#guest, [program, 'unpack', directory, '/'], `Cannot write below ${directory}`, tar);
  }

  /** Copies what a root has at a path into an empty directory of the host, with its owner and mode; else does nothing. */
  async seed({ layers }: FilesPlace, path: string, directory: string): Promise<void> {
    const argv = overLower(layers, (lower) => ['/bin/sh', '-c', seedScript, 'strata-seed', lower, path, directory]);
    await runProgram(this.#guest, argv, `Cannot copy ${path} of the image to a volume`);
  }

  /** `mountPoints`: what only the runtime made there is left out. */
  async changes(place: FilesPlace, mountPoints: readonly string[]): Promise<readonly ContainerChange[]> {
    const argv = overLower(place.layers, (lower) => [program, 'changes', place.paths.upper, lower, ...mountPoints]);
    return parseChanges(await runProgram(this.#guest, argv, 'Cannot compare the container with its image'));
  }

  layer(place: FilesPlace, mountPoints: readonly string[]): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const argv = overLower(place.layers, (lower) => [program, 'layer', place.paths.upper, lower, ...mountPoints]);
    return startReading(this.#guest, argv, 'Cannot read what the container changed');
  }
}

function inRoot(place: FilesPlace, command: (root: string) => readonly string[]): readonly string[] {
  if (place.pid !== undefined) return command(`/proc/${place.pid}/root`);
  const { upper, work } = place.paths;
  const options = `lowerdir=${lowerOption(place.layers)},upperdir=${upper},workdir=${work}`;
  return apart(options, command('/run/strata/look'), [upper, work]);
}

/** Over all layers merged. */
function overLower(layers: readonly string[], command: (lower: string) => readonly string[]): readonly string[] {
  const [only] = layers;
  if (only === undefined) return command(emptyDirectory);
  if (layers.length === 1) return command(`${layersDirectory}/${only}`);
  return apart(`ro,lowerdir=${lowerOption(layers)}`, command('/run/strata/look'));
}

function apart(options: string, command: readonly string[], directories: readonly string[] = []): readonly string[] {
  return ['unshare', '-m', '/bin/sh', '-c', underOverlay, 'strata-look', options, directories.join(' '), ...command];
}

/** The highest first, as overlayfs wants them. */
function lowerOption(layers: readonly string[]): string {
  return layers.length > 0 ? [...layers].reverse().join(':') : emptyDirectory;
}

/** What docker calls it in an archive. */
function lastPart(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.at(-1) ?? '.';
}

const fileTypes = { mask: 0o170000, symlink: 0o120000 } as const;

function parseStatus(path: string, said: string): ContainerPathStat {
  const [, mode, size, seconds, nanoseconds, target = ''] = /^(\d+) (-?\d+) (-?\d+) (\d+) (.*)$/s.exec(said) ?? [];
  if (mode === undefined) throw new SandboxError('DataLoss', `Not an answer about ${path}: ${said.slice(0, 100)}`);
  const isLink = (Number(mode) & fileTypes.mask) === fileTypes.symlink;
  const name = lastPart(path);
  return {
    name: name === '.' ? '/' : name,
    size: Number(size),
    mode: Number(mode),
    mtime: rfc3339(Number(seconds), Number(nanoseconds)),
    linkTarget: isLink ? target : '',
  };
}

function rfc3339(seconds: number, nanoseconds: number): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  const fraction = String(nanoseconds).padStart(9, '0').replace(/0+$/, '');
  return `${whole}${fraction && `.${fraction}`}Z`;
}

const kinds = { A: 'added', C: 'modified', D: 'deleted' } as const;

function parseChanges(said: Uint8Array): readonly ContainerChange[] {
  const lines = new TextDecoder().decode(said).split('\0').slice(0, -1);
  return lines.map((line): ContainerChange => {
    const kind = kinds[line.slice(0, 1) as keyof typeof kinds];
    if (!kind) throw new SandboxError('DataLoss', `Not a change: ${line.slice(0, 100)}`);
    return { kind, path: line.slice(2) };
  });
}
