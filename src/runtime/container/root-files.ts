import type { ContainerChange, ContainerPathStat } from '../../api/container-host';
import type { ContainerKernel } from '../../api/container-kernel';
import { SandboxError } from '../../base/errors';
import { streamOf } from '../../base/streams';
import { rewriteTar } from '../../formats/tar/rewrite-tar';
import type { TarEntry } from '../../formats/tar/tar-entry';
import { serializeTarEntry, tarEnd, type WrittenEntry } from '../../formats/tar/tar-writer';
import { archiveName, placeOf } from './archive-path';
import { baseDirectory, type ContainerPaths, emptyDirectory, layerPath, layersDirectory } from './host-paths';
import { feedProgram, filesProgram, type HostGuest, runProgram, startReading } from './host-program';
import { hiddenAt, type ShownTree, shownTrees } from './shown-files';
import { underMounts, type ViewOfRoot } from './view-mounts';

/** Where a container's files are: below its process while one runs, else in an overlay that is mounted for the moment. */
export interface FilesPlace {
  readonly paths: ContainerPaths;
  /** Names of its layers, the lowest first. */
  readonly layers: readonly string[];
  /** Of its first process, in the host's pid namespace. */
  readonly pid: number | undefined;
  /** See `ContainerRoot`. */
  readonly firstId: number | undefined;
  /** What is mounted there for the moment, as long as it does not run. */
  readonly view?: ViewOfRoot;
}

export interface UnpackOptions {
  readonly noOverwriteDirNonDir: boolean;
  /** Who gets everything, by ids of the container; absent: as the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** With the ids that users have inside. */
function withIds({ firstId }: FilesPlace): readonly string[] {
  return firstId === undefined ? [filesProgram] : [filesProgram, '--ids', String(firstId)];
}

/** An overlay for the moment. */
interface Overlay {
  readonly at: string;
  readonly options: string;
}

/** Where overlays for the moment are mounted. */
const lookDirectory = '/run/strata/look';

/** The same where there are two: for the container's files as it sees them. */
const wholeDirectory = '/run/strata/whole';

/**
 * In a mount namespace of its own, which takes the mounts along when it ends. `$1` directories that a container which
 * never ran does not have yet, then where and with which options each overlay is mounted, `--`, and the program; names of
 * layers are relative, so that those of a hundred fit.
 */
const underOverlays = `
set -e
[ -z "$1" ] || mkdir -p $1
cd ${layersDirectory}
shift
while [ "$1" != -- ]; do
  mkdir -p "$1"
  mount -t overlay -o "$2" overlay "$1"
  shift 2
done
shift
exec "$@"
`;

/**
 * `$1` the image's root, `$2` the path there, `$3` the directory, `$4` where ids begin. A path that is no directory there
 * has nothing to copy, nor has none at all.
 */
const seedScript = `
[ -z "$(ls -A "$3")" ] || exit 0
[ "$4" = 0 ] || chown "$4:$4" "$3"
[ -n "$2" ] || exit 0
strata-files stat "$1" "$2/." > /dev/null 2>&1 || exit 0
strata-files --ids "$4" pack "$1" "$2/." . | strata-files --ids "$4" unpack "$3" / itself
`;

/**
 * `$1` what the container wrote, `$2` the image's root, then paths; says those that differ in mode or owner. Their times
 * differ by the mount points alone.
 */
const alteredScript = `
upper=$1 lower=$2
shift 2
for path in "$@"; do
  [ "$(stat -c '%f %u %g' "$upper$path")" = "$(stat -c '%f %u %g' "$lower$path")" ] || printf '%s\\0' "$path"
done
`;

const cannotCompare = 'Cannot compare the container with its image';

/** Files of containers, by a program in the host that locks itself into the root it works on. */
export class RootFiles {
  readonly #guest: HostGuest;

  constructor(guest: HostGuest) {
    this.#guest = guest;
  }

  async stat(place: FilesPlace, path: string): Promise<ContainerPathStat> {
    const argv = inRoot(place, (root) => [filesProgram, 'stat', root, path]);
    const said = new TextDecoder().decode(await runProgram(this.#guest, argv, `Cannot look at ${path}`));
    return parseStatus(path, said);
  }

  /** A tar of what is at the path, named as docker does it. */
  pack(place: FilesPlace, path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const argv = inRoot(place, (root) => [...withIds(place), 'pack', root, path, archiveName(path)]);
    return startReading(this.#guest, argv, `Cannot read ${path}`);
  }

  /** The same without what a kernel makes up, of one that runs: it has these mounts. */
  async packShown(
    place: FilesPlace,
    path: string,
    mounts: ContainerKernel['mounts'],
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const at = placeOf(path);
    if (hiddenAt(mounts, at) === 'itself')
      return streamOf(emptyDirectoryTar(archiveName(path), await this.stat(place, path)));
    const trees = shownTrees(mounts, at);
    if (trees.length === 1 && !trees[0]?.apart) return this.pack(place, path);
    return streamOf(this.#packTrees(place, path, trees));
  }

  async *#packTrees(place: FilesPlace, path: string, trees: readonly ShownTree[]) {
    const name = archiveName(path).replace(/^\/$/, '');
    const top = placeOf(path).replace(/^\/$/, '');
    // What is mounted has its name in the tree around it, too, unless that is hidden.
    const twice = new Set(trees.map((tree) => `${name}${tree.path.slice(top.length)}`));
    const written = new Set<string>();
    for (const { path: at, apart: alone } of trees) {
      const called = at === placeOf(path) ? archiveName(path) : `${name}${at.slice(top.length)}`;
      const root = `/proc/${place.pid}/root`;
      const argv = [...withIds(place), 'pack', root, at, called, ...(alone ? ['apart'] : [])];
      yield* rewriteTar(await startReading(this.#guest, argv, `Cannot read ${at}`), (entry) => {
        const plain = entry.path.replace(/\/$/, '');
        if (written.has(plain)) return undefined;
        if (twice.has(plain)) written.add(plain);
        return entry;
      });
    }
    yield new Uint8Array(tarEnd);
  }

  /** A tar of the whole root, without what is mounted in it: of a running one, `/proc` would never end well. */
  async packRoot(place: FilesPlace): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const options = wholeOptions(place);
    const argv = apart(
      [{ at: lookDirectory, options }],
      [...withIds(place), 'pack', lookDirectory, '/', '.'],
      [place.paths.upper],
    );
    return streamOf(withoutRoot(await startReading(this.#guest, argv, 'Cannot read the container')));
  }

  unpack(place: FilesPlace, path: string, tar: ReadableStream<Uint8Array>, options: UnpackOptions): Promise<void> {
    const { noOverwriteDirNonDir, owner } = options;
    // An owner that is named is one of the host's.
    const first = place.firstId ?? 0;
    const ids = owner ? [`${owner.uid + first}:${owner.gid + first}`] : [];
    const flags = [...(noOverwriteDirNonDir ? ['keep-kind'] : []), ...ids];
    const argv = inRoot(place, (root) => [...withIds(place), 'unpack', root, path, ...flags]);
    return feedProgram(this.#guest, argv, `Cannot write below ${path}`, tar);
  }

  /** Unpacks into a directory of the host's own. */
  unpackInto(directory: string, tar: ReadableStream<Uint8Array>): Promise<void> {
    return feedProgram(this.#guest, [filesProgram, 'unpack', directory, '/'], `Cannot write below ${directory}`, tar);
  }

  /** Copies what a root has at a path into an empty directory of the host, with its owner and mode; else does nothing. */
  async seed(place: FilesPlace, path: string, directory: string): Promise<void> {
    const ids = String(place.firstId ?? 0);
    const argv = overLower(place, (lower) => ['/bin/sh', '-c', seedScript, 'strata-seed', lower, path, directory, ids]);
    await runProgram(this.#guest, argv, `Cannot copy ${path} of the image to a volume`);
  }

  /** `mountPoints`: what only the runtime made there is left out. */
  async changes(place: FilesPlace, mountPoints: readonly string[]): Promise<readonly ContainerChange[]> {
    const argv = comparing(place, 'changes', mountPoints);
    const changes = parseChanges(await runProgram(this.#guest, argv, cannotCompare));
    const shown = withoutHolders(changes, mountPoints, []);
    if (shown.length === changes.length) return changes;
    const holders = changes.filter((each) => !shown.includes(each)).map(({ path }) => path);
    return withoutHolders(changes, mountPoints, await this.#alteredOf(place, holders));
  }

  /** Of directories that the image has too, those that have another mode or owner now. */
  async #alteredOf(place: FilesPlace, paths: readonly string[]): Promise<readonly string[]> {
    const { upper } = place.paths;
    const argv = overLower(place, (lower) => [
      '/bin/sh',
      '-c',
      alteredScript,
      'strata-altered',
      upper,
      lower,
      ...paths,
    ]);
    return parseTexts(await runProgram(this.#guest, argv, cannotCompare));
  }

  layer(place: FilesPlace, mountPoints: readonly string[]): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const argv = comparing(place, 'layer', mountPoints);
    return startReading(this.#guest, argv, 'Cannot read what the container changed');
  }
}

/**
 * Without directories that count as modified for nothing but the mount points that were made in them. `altered`: those
 * that are changed themselves. A directory is before what is in it.
 */
export function withoutHolders(
  changes: readonly ContainerChange[],
  mountPoints: readonly string[],
  altered: readonly string[],
): readonly ContainerChange[] {
  const kept: ContainerChange[] = [];
  for (const change of [...changes].reverse()) {
    const isBelow = (other: string): boolean => other.startsWith(`${change.path}/`);
    const isHolder = change.kind === 'modified' && mountPoints.some(isBelow) && !altered.includes(change.path);
    if (!isHolder || kept.some(({ path }) => isBelow(path))) kept.push(change);
  }
  return kept.reverse();
}

function inRoot(place: FilesPlace, command: (root: string) => readonly string[]): readonly string[] {
  if (place.pid !== undefined) return command(`/proc/${place.pid}/root`);
  const { upper, work } = place.paths;
  const options = `lowerdir=${lowerOption(place.layers)},upperdir=${upper},workdir=${work}${metacopyOption(place)}`;
  const inside = command(lookDirectory);
  const { view, firstId } = place;
  const argv = view ? underMounts(lookDirectory, view, firstId, inside) : inside;
  return apart([{ at: lookDirectory, options }], argv, [upper, work]);
}

/** Over all layers merged. */
function overLower(place: FilesPlace, command: (lower: string) => readonly string[]): readonly string[] {
  const { at, overlays } = lowerOf(place);
  return overlays.length > 0 ? apart(overlays, command(at)) : command(at);
}

/** Where all layers are merged, and what has to be mounted for it. */
function lowerOf(place: FilesPlace): { readonly at: string; readonly overlays: readonly Overlay[] } {
  const { layers } = place;
  const [only] = layers;
  if (only === undefined) return { at: emptyDirectory, overlays: [] };
  if (layers.length === 1) return { at: layerPath(only), overlays: [] };
  const options = `ro,lowerdir=${lowerOption(layers)}${metacopyOption(place)}`;
  return { at: lookDirectory, overlays: [{ at: lookDirectory, options }] };
}

/** What it wrote is one more layer on top, seen a second time. */
function wholeOptions(place: FilesPlace): string {
  return `ro,lowerdir=${place.paths.upper}:${lowerOption(place.layers)}${metacopyOption(place)}`;
}

/** What a container wrote beside its layers. */
function comparing(place: FilesPlace, command: 'changes' | 'layer', mountPoints: readonly string[]): readonly string[] {
  const { upper } = place.paths;
  if (place.firstId === undefined) {
    return overLower(place, (lower) => [filesProgram, command, upper, lower, ...mountPoints]);
  }
  // With `metacopy` that is not all there: contents of what only changed its owner are below, as are those of a directory that was moved.
  const { at, overlays } = lowerOf(place);
  const whole = { at: wholeDirectory, options: wholeOptions(place) };
  const argv = [...withIds(place), '--whole', wholeDirectory, command, upper, at, ...mountPoints];
  return apart([...overlays, whole], argv);
}

/** Of a layer that has owners alone the contents are below. */
function metacopyOption({ firstId }: FilesPlace): string {
  return firstId === undefined ? '' : ',metacopy=on';
}

function apart(
  overlays: readonly Overlay[],
  command: readonly string[],
  directories: readonly string[] = [],
): readonly string[] {
  const mounts = overlays.flatMap(({ at, options }) => [at, options]);
  const script = ['/bin/sh', '-c', underOverlays, 'strata-look', directories.join(' '), ...mounts, '--'];
  return ['unshare', '-m', ...script, ...command];
}

/** The highest first, as overlayfs wants them. */
function lowerOption(layers: readonly string[]): string {
  return [baseDirectory, ...layers].reverse().join(':');
}

/** Of a directory that is shown without what is in it. */
async function* emptyDirectoryTar(path: string, { mode, mtime }: ContainerPathStat) {
  const plain = { kind: 'directory', target: '', uid: 0, gid: 0, size: 0, device: { major: 0, minor: 0 } } as const;
  yield serializeTarEntry({ ...plain, path, mode: mode & 0o7777, mtime: Math.floor(Date.parse(mtime) / 1000) });
  yield new Uint8Array(tarEnd);
}

/** Named as docker exports them, from the root: `etc/passwd`, and nothing for the root itself. */
async function* withoutRoot(tar: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const fromRoot = (path: string): string => path.replace(/^\.\//, '');
  yield* rewriteTar(tar, (entry: TarEntry): WrittenEntry | undefined => {
    const path = fromRoot(entry.path);
    return path === ''
      ? undefined
      : { ...entry, path, target: entry.kind === 'link' ? fromRoot(entry.target) : entry.target };
  });
  yield new Uint8Array(tarEnd);
}

const fileTypes = { mask: 0o170000, symlink: 0o120000 } as const;

function parseStatus(path: string, said: string): ContainerPathStat {
  const [, mode, size, seconds, nanoseconds, target = ''] = /^(\d+) (-?\d+) (-?\d+) (\d+) (.*)$/s.exec(said) ?? [];
  if (mode === undefined) throw new SandboxError('DataLoss', `Not an answer about ${path}: ${said.slice(0, 100)}`);
  const isLink = (Number(mode) & fileTypes.mask) === fileTypes.symlink;
  return {
    name: archiveName(path),
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

/** Each is ended by a zero. */
function parseTexts(said: Uint8Array): readonly string[] {
  return new TextDecoder().decode(said).split('\0').slice(0, -1);
}

function parseChanges(said: Uint8Array): readonly ContainerChange[] {
  return parseTexts(said).map((line): ContainerChange => {
    const kind = kinds[line.slice(0, 1) as keyof typeof kinds];
    if (!kind) throw new SandboxError('DataLoss', `Not a change: ${line.slice(0, 100)}`);
    return { kind, path: line.slice(2) };
  });
}
