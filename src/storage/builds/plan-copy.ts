import type { Digest } from '../../api/content-store';
import type { LayerNode } from '../../api/layer';
import { SandboxError } from '../../base/errors';
import type { IgnoreRules } from '../../formats/dockerignore/ignore-rules';
import { compareFileNames } from '../../formats/file-name';
import { resolvePath } from '../../formats/layer/resolve-path';
import type { Union, UnionEntry } from '../../formats/layer/union';
import type { TarEntryKind } from '../../formats/tar/tar-entry';
import type { WrittenEntry } from '../../formats/tar/tar-writer';
import type { CopyRequest, DirectoryRequest, LooseFile } from './copy-request';
import { isKept, type SelectedSource, type SourceTree, selectSources } from './select-sources';

/** Where the bytes of a planned file are. */
export type PlannedContent =
  | { readonly is: 'node'; readonly layer: Digest; readonly inode: number; readonly node: LayerNode }
  | { readonly is: 'loose'; readonly file: LooseFile };

/** An entry of the layer that is to be made; of a file with its bytes. */
export interface PlannedEntry extends WrittenEntry {
  readonly content?: PlannedContent;
}

/** What a copy is planned from. */
export interface CopyPlace {
  readonly below: Union;
  readonly source: SourceTree;
  /** diffIDs of the source's layers. */
  readonly layers: readonly Digest[];
  readonly excludes: IgnoreRules | undefined;
  /** The trees of archives that are to be unpacked, by {@link archiveKey}, with the layers that they are kept as. */
  readonly archives: ReadonlyMap<string, { readonly union: Union; readonly diffId: Digest }>;
}

/** A file of a tree, as a name. */
export function archiveKey(layer: Digest, inode: number): string {
  return `${layer}/${inode}`;
}

/**
 * The layer that a COPY or ADD makes, as BuildKit makes it: what a directory has goes into the destination, a file
 * becomes the destination or goes into it, directories above are made where there are none, and the destination's
 * symbolic links are followed inside of the stage's root. Pure: the same trees give the same entries, sorted.
 * Errors: `NotFound` for a source, `InvalidArgument`.
 */
export function planCopy(place: CopyPlace, request: CopyRequest): readonly PlannedEntry[] {
  const draft = new LayerPlan(place.below, request);
  const selected = request.sources.flatMap((source) =>
    selectSources(place.source, source).map((each) => ({ source, ...each })),
  );
  const isDirectory = request.destination.endsWith('/') || request.parents;
  const many = selected.length + request.files.length > 1;
  const { names, entry } = resolvePath(place.below, request.destination);
  if (many && !isDirectory && entry?.node.kind !== 'directory') {
    const message =
      'When using COPY with more than one source file, the destination must be a directory and end with a /';
    throw new SandboxError('InvalidArgument', message);
  }
  const target: Target = { names, isDirectory: isDirectory || entry?.node.kind === 'directory' };
  for (const each of selected) {
    draft.beginSource();
    copySource(draft, place, request, target, each);
  }
  for (const file of request.files) copyLoose(draft, place, request, target, file);
  return draft.finish();
}

/** The directories that a WORKDIR makes. */
export function planDirectory(below: Union, { path, time }: DirectoryRequest): readonly PlannedEntry[] {
  const draft = new LayerPlan(below, { time });
  const { names, entry } = resolvePath(below, path);
  if (entry && entry.node.kind !== 'directory') {
    throw new SandboxError('InvalidArgument', `mkdir ${path}: not a directory`);
  }
  draft.makeDirectories(names);
  return draft.finish();
}

interface Target {
  readonly names: readonly string[];
  readonly isDirectory: boolean;
}

function copySource(
  draft: LayerPlan,
  place: CopyPlace,
  request: CopyRequest,
  target: Target,
  { source, entry, path }: SelectedSource & { readonly source: string },
): void {
  const layer = place.layers[entry.layer];
  const archive = layer === undefined ? undefined : place.archives.get(archiveKey(layer, entry.inode));
  if (archive) {
    draft.makeDirectories(target.names);
    const tree: SourceTree = { union: archive.union, ignore: undefined, isContext: false };
    draft.addChildren(tree, [archive.diffId], archive.union.root, target.names, place.excludes);
    return;
  }
  const kept = request.parents ? keptParents(source, path) : undefined;
  if (entry.node.kind === 'directory') {
    const names = kept ? [...target.names, ...kept] : target.names;
    draft.makeDirectories(names.slice(0, -1));
    draft.enterDirectory(place.source, entry, names);
    draft.addChildren(place.source, place.layers, entry, names, place.excludes);
    return;
  }
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (place.excludes?.ignores(name)) return;
  const names = kept ? [...target.names, ...kept] : target.isDirectory ? [...target.names, name] : target.names;
  draft.makeDirectories(names.slice(0, -1));
  draft.addEntry(place.source, place.layers, entry, names);
}

function copyLoose(draft: LayerPlan, place: CopyPlace, request: CopyRequest, target: Target, file: LooseFile): void {
  const archive = file.unpacked && place.archives.get(archiveKey(file.unpacked, 0));
  if (archive) {
    draft.makeDirectories(target.names);
    const tree: SourceTree = { union: archive.union, ignore: undefined, isContext: false };
    draft.addChildren(tree, [archive.diffId], archive.union.root, target.names, place.excludes);
    return;
  }
  const names = target.isDirectory ? [...target.names, file.name] : target.names;
  draft.makeDirectories(names.slice(0, -1));
  draft.addLoose(file, names, request);
}

/** Of `--parents`: the directories above a source, from a `/./` in it on if it has one. */
function keptParents(source: string, path: string): readonly string[] {
  const pivot = source.indexOf('/./');
  const skipped = pivot === -1 ? 0 : source.slice(0, pivot).split('/').filter(Boolean).length;
  return path.split('/').filter(Boolean).slice(skipped);
}

/** What a request says of all that is copied. */
type CopyLook = Pick<CopyRequest, 'owner' | 'mode' | 'time' | 'latest'>;

/** An entry as if it were alone; `inode` is the same for all names of one file that one source brings. */
interface DraftEntry {
  readonly entry: PlannedEntry;
  readonly inode?: string;
}

/** Entries of a layer in the making, by path. */
class LayerPlan {
  readonly #below: Union;
  readonly #request: CopyLook;
  readonly #entries = new Map<string, DraftEntry>();
  #source = 0;

  constructor(below: Union, request: CopyLook) {
    this.#below = below;
    this.#request = request;
  }

  /** Each source is copied by itself: names of one file that come by two are two files, as docker has them. */
  beginSource(): void {
    this.#source += 1;
  }

  /**
   * In the order of the tree, each directory before what is in it. Of a file's names the first in this order is the file,
   * whichever was copied first: a link must not stand before what it leads to.
   */
  finish(): readonly PlannedEntry[] {
    const key = ({ entry }: DraftEntry): string => entry.path.replaceAll('/', '\0');
    const first = new Map<string, string>();
    return [...this.#entries.values()]
      .sort((a, b) => compareFileNames(key(a), key(b)))
      .map(({ entry, inode }) => {
        const target = inode === undefined ? undefined : first.get(inode);
        if (target !== undefined) return linkTo(target, entry);
        if (inode !== undefined) first.set(inode, entry.path);
        return entry;
      });
  }

  /** Those that are not there. */
  makeDirectories(names: readonly string[]): void {
    const { owner = { uid: 0, gid: 0 }, time } = this.#request;
    names.forEach((_, at) => {
      const path = names.slice(0, at + 1).join('/');
      const kind = this.#kindAt(path);
      if (kind === 'directory') return;
      if (kind !== undefined) throw notDirectory(path);
      this.#put({ ...noTarget, kind: 'directory', path, mode: 0o755, ...owner, mtime: this.#clamped(time), size: 0 });
    });
  }

  /** The destination of a directory's content: made like that directory where it is not there. */
  enterDirectory(tree: SourceTree, entry: UnionEntry, names: readonly string[]): void {
    const path = names.join('/');
    if (path === '' || this.#kindAt(path) === 'directory') return;
    this.#addNode(tree, [], entry, path);
  }

  /** All that a directory has, below `names`. `excludes` speaks of paths from that directory. */
  addChildren(
    tree: SourceTree,
    layers: readonly Digest[],
    directory: UnionEntry,
    names: readonly string[],
    excludes: IgnoreRules | undefined,
    above = '',
  ): void {
    for (const child of tree.union.list(directory)) {
      const name = child.path.slice(child.path.lastIndexOf('/') + 1);
      const inner = above === '' ? name : `${above}/${name}`;
      const isExcluded = excludes?.ignores(inner) ?? false;
      if (isExcluded && (child.node.kind !== 'directory' || !excludes?.hasExceptions)) continue;
      if (!isKept(tree, child)) continue;
      const next = [...names, name];
      if (!isExcluded) this.addEntry(tree, layers, child, next);
      if (child.node.kind === 'directory') this.addChildren(tree, layers, child, next, excludes, inner);
    }
  }

  addEntry(tree: SourceTree, layers: readonly Digest[], entry: UnionEntry, names: readonly string[]): void {
    this.#addNode(tree, layers, entry, names.join('/'));
  }

  addLoose(file: LooseFile, names: readonly string[], { time }: Pick<CopyRequest, 'time'>): void {
    const { owner = { uid: 0, gid: 0 }, mode = file.mode } = this.#request;
    const mtime = this.#clamped(file.mtime ?? time);
    const content: PlannedContent = { is: 'loose', file };
    this.#put({ ...noTarget, kind: 'file', path: names.join('/'), mode, ...owner, mtime, size: file.size, content });
  }

  #addNode(tree: SourceTree, layers: readonly Digest[], { node, layer, inode }: UnionEntry, path: string): void {
    const { owner, mode } = this.#request;
    const { uid, gid } = owner ?? (tree.isContext ? { uid: 0, gid: 0 } : node);
    const diffId = layers[layer];
    const isLinked = diffId !== undefined && node.links > 1 && node.kind !== 'directory';
    const isMode = mode !== undefined && node.kind !== 'symlink';
    const entry: PlannedEntry = {
      kind: node.kind as TarEntryKind,
      path,
      target: node.target ?? '',
      mode: isMode ? mode : node.mode,
      uid,
      gid,
      mtime: this.#clamped(node.implied ? this.#request.time : node.mtime),
      size: node.kind === 'file' ? node.size : 0,
      device: node.device ?? noTarget.device,
      ...(node.xattrs && { xattrs: node.xattrs }),
      ...(node.kind === 'file' && diffId !== undefined && { content: { is: 'node', layer: diffId, inode, node } }),
    };
    this.#put(entry, isLinked ? `${this.#source}/${archiveKey(diffId, inode)}` : undefined);
  }

  #put(entry: PlannedEntry, inode?: string): void {
    if (entry.path === '') throw notDirectory('');
    const kind = this.#kindAt(entry.path);
    if (entry.kind === 'directory' && kind !== undefined && kind !== 'directory') throw notDirectory(entry.path);
    // A file takes the place of a directory with all that is in it: in lower layers by hiding it.
    if (entry.kind !== 'directory' && this.#entries.get(entry.path)?.entry.kind === 'directory') {
      for (const path of this.#entries.keys()) if (path.startsWith(`${entry.path}/`)) this.#entries.delete(path);
    }
    this.#entries.set(entry.path, { entry, ...(inode !== undefined && { inode }) });
  }

  #kindAt(path: string): PlannedEntry['kind'] | LayerNode['kind'] | undefined {
    return this.#entries.get(path)?.entry.kind ?? this.#below.lookup(path)?.node.kind;
  }

  #clamped(seconds: number): number {
    const { latest } = this.#request;
    return latest === undefined ? seconds : Math.min(seconds, latest);
  }
}

/** One more name of a file that is there already. */
function linkTo(target: string, { xattrs: _xattrs, content: _content, ...entry }: PlannedEntry): PlannedEntry {
  return { ...entry, kind: 'link', target, size: 0 };
}

const noTarget = { target: '', device: { major: 0, minor: 0 } };

function notDirectory(path: string): SandboxError {
  return new SandboxError('InvalidArgument', `cannot copy to non-directory: /${path}`);
}
