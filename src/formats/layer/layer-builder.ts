import type { LayerNode } from '../../api/layer';
import { SandboxError } from '../../base/errors';
import type { TarEntry } from '../tar/tar-entry';
import { type Draft, type DraftDirectory, impliedDirectory, numberNodes } from './layer-draft';
import { defaultLayerLimits, type LayerLimits } from './layer-limits';
import { longerThan, parseLayerPath, splitPath, unsoundLayer } from './layer-path';
import { layerXattrs } from './layer-xattrs';

/**
 * Makes the tree of a layer from the entries of its tar, as docker and containerd unpack it into an empty directory:
 * - a later entry replaces an earlier one of the same path; a directory keeps what is in it;
 * - a hard link leads to what its target is when it comes. A target that only a lower layer has is refused, as
 *   docker does where each layer is a directory of its own;
 * - whiteouts speak of lower layers only, wherever they stand; a directory that was whited out and made anew is opaque;
 * - a device 0:0 and `trusted.overlay.opaque`, which overlayfs would take for whiteouts, are whiteouts.
 *
 * No path leads through a symbolic link. Errors: `InvalidArgument`; with `limit` in its details when there is too
 * much of something.
 */
export class LayerBuilder {
  readonly #limits: LayerLimits;
  readonly #root = impliedDirectory();
  #entries = 0;
  #metadataBytes = 0;
  #fileBytes = 0;

  constructor(limits: LayerLimits = defaultLayerLimits) {
    this.#limits = limits;
  }

  add(entry: TarEntry): void {
    this.#count(entry);
    const target = parseLayerPath(entry.path, this.#limits);
    if (target.is === 'ignored') return;
    if (target.is === 'opaque') {
      this.#enter(target.names, entry.path).opaque = true;
      return;
    }
    const name = target.names.at(-1);
    if (name === undefined) {
      this.#describeRoot(entry);
      return;
    }
    const parent = this.#enter(target.names.slice(0, -1), entry.path);
    const isDevice = entry.kind === 'character' && entry.device.major === 0 && entry.device.minor === 0;
    if (target.is === 'whiteout') addWhiteout(parent, name, entry);
    else if (!isDevice) this.#put(parent, name, entry);
    else {
      parent.children.delete(name);
      addWhiteout(parent, name, entry);
    }
  }

  /** The nodes of the layer: see {@link LayerIndex}. */
  finish(): readonly LayerNode[] {
    return numberNodes(this.#root);
  }

  #put(parent: DraftDirectory, name: string, entry: TarEntry): void {
    const earlier = parent.children.get(name);
    if (entry.kind === 'link') parent.children.set(name, this.#linked(entry));
    else if (entry.kind === 'directory' && earlier?.directory) describe(earlier, entry);
    else parent.children.set(name, this.#draft(entry));
  }

  #describeRoot(entry: TarEntry): void {
    if (entry.kind !== 'directory') throw unsoundLayer(entry.path, `the root cannot be a ${entry.kind}`);
    describe(this.#root, entry);
  }

  /** The directory at `names`, made on the way where the tar has none. */
  #enter(names: readonly string[], path: string): DraftDirectory {
    let { directory } = this.#root;
    for (const name of names) {
      let next = directory.children.get(name);
      if (!next) {
        this.#count();
        next = impliedDirectory();
        directory.children.set(name, next);
      }
      if (!next.directory) throw unsoundLayer(path, `${JSON.stringify(name)} in it is a ${next.kind}`);
      directory = next.directory;
    }
    return directory;
  }

  #linked({ path, target }: TarEntry): Draft {
    let found: Draft | undefined = this.#root;
    for (const name of splitPath(target, this.#limits)) found = found?.directory?.children.get(name);
    if (!found)
      throw unsoundLayer(path, `it is a hard link to ${JSON.stringify(target)}, which does not come before it`);
    if (found.directory) throw unsoundLayer(path, 'it is a hard link to a directory');
    return found;
  }

  #draft(entry: TarEntry): Draft {
    const { kind, mode, uid, gid, mtime, size, offset, parts, device } = entry;
    const { xattrs } = layerXattrs(entry);
    switch (kind) {
      case 'directory': {
        const made = impliedDirectory();
        describe(made, entry);
        return made;
      }
      case 'file':
        return { kind, mode, uid, gid, mtime, xattrs, size, offset, parts };
      case 'symlink':
        return { kind, mode, uid, gid, mtime, xattrs, target: this.#symlinkTarget(entry) };
      case 'character':
      case 'block':
        return { kind, mode, uid, gid, mtime, xattrs, device };
      case 'fifo':
        return { kind, mode, uid, gid, mtime, xattrs };
      case 'link':
        throw new SandboxError('Internal', 'A hard link has no inode of its own');
    }
  }

  #symlinkTarget({ path, target }: TarEntry): string {
    if (target === '') throw unsoundLayer(path, 'it is a symbolic link to nothing');
    const limit = this.#limits.pathBytes - 1;
    if (longerThan(target, limit)) throw unsoundLayer(path, `it is a symbolic link to more than ${limit} bytes`);
    return target;
  }

  #count(entry?: TarEntry): void {
    const { entries, metadataBytes, fileBytes } = this.#limits;
    this.#entries += 1;
    if (this.#entries > entries) throw beyond('entries', entries);
    if (!entry) return;
    this.#metadataBytes += entry.path.length + entry.target.length + xattrBytes(entry);
    if (this.#metadataBytes > metadataBytes) throw beyond('bytes of names and attributes', metadataBytes);
    this.#fileBytes += entry.size;
    if (this.#fileBytes > fileBytes) throw beyond('bytes of files', fileBytes);
  }
}

/** What an entry says about a directory, which keeps what is in it. */
function describe(draft: Draft, entry: TarEntry): void {
  const { mode, uid, gid, mtime } = entry;
  const { opaque, xattrs } = layerXattrs(entry);
  Object.assign(draft, { mode, uid, gid, mtime, xattrs });
  if (!draft.directory) return;
  draft.directory.implied = false;
  draft.directory.opaque ||= opaque;
}

function addWhiteout(parent: DraftDirectory, name: string, { mtime }: TarEntry): void {
  parent.whiteouts ??= new Map();
  parent.whiteouts.set(name, { kind: 'whiteout', mode: 0, uid: 0, gid: 0, mtime, xattrs: undefined });
}

function xattrBytes({ xattrs }: TarEntry): number {
  let bytes = 0;
  for (const [name, value] of xattrs ?? []) bytes += name.length + value.length;
  return bytes;
}

function beyond(what: string, limit: number): SandboxError {
  return new SandboxError('InvalidArgument', `The layer has more than ${limit} ${what}: it is refused`, {
    details: { limit },
  });
}
