import type {
  Awaitable,
  FileAttributes,
  FileTime,
  FileTree,
  InodeNumber,
  TreeEntry,
  TreeUsage,
} from '../../api/file-tree';
import type { LayerIndex, LayerNode, LayerNodeKind } from '../../api/layer';
import { serializeFileName } from '../../formats/file-name';
import { fileType, kindOf } from '../../formats/file-type';
import { type FilePiece, filePieces } from '../../formats/layer/file-pieces';
import { fileError } from '../../formats/linux-errno';

/** Where the bytes of a layer's uncompressed tar come from. */
export interface LayerBytes {
  /** In pieces, all that was asked for. */
  read(start: number, end: number): Awaitable<readonly Uint8Array[]>;
}

/** A layer that is to be served. */
export interface LayerSource {
  readonly index: LayerIndex;
  readonly bytes: LayerBytes;
  /** What describes directories that the layer has no entry for, by their inode; else they describe themselves. */
  readonly described?: ReadonlyMap<InodeNumber, LayerNode>;
}

/** What a whiteout is to the kernel's overlayfs: a character device 0:0 without permissions (its WHITEOUT_DEV). */
const whiteoutDevice = { major: 0, minor: 0 };

/** What overlayfs looks for at a directory that hides what lower layers have below it. */
const opaqueAttribute = 'trusted.overlay.opaque';
const opaqueValue = new TextEncoder().encode('y');

const types: Readonly<Record<LayerNodeKind, number>> = {
  file: fileType.regular,
  directory: fileType.directory,
  symlink: fileType.symlink,
  character: fileType.character,
  block: fileType.block,
  fifo: fileType.fifo,
  whiteout: fileType.character,
};

const blockBytes = 4096;

/** A directory's names in their order, and where in it each is. */
type Names = readonly (readonly [name: string, node: number])[];

/**
 * A layer of an image as a file system that cannot be changed, in the form the kernel's overlayfs takes as a lower
 * directory. All but the bytes of files is answered from the index at once.
 */
export class LayerTree implements FileTree {
  readonly root = 1;
  readonly #source: LayerSource;
  readonly #parents = new Map<InodeNumber, InodeNumber>();
  readonly #names = new WeakMap<LayerNode, Names>();

  constructor(source: LayerSource) {
    this.#source = source;
    for (const [index, { children }] of source.index.nodes.entries()) {
      if (!children) continue;
      for (const child of children.values()) this.#parents.set(child, index + 1);
    }
  }

  attributes(inode: InodeNumber): FileAttributes {
    const node = this.#node(inode);
    const { kind, links } = node;
    const { mode, uid, gid, mtime } = this.#source.described?.get(inode) ?? node;
    const time = toFileTime(mtime);
    const device = kind === 'whiteout' ? whiteoutDevice : node.device;
    const size = sizeOf(node);
    return {
      inode,
      mode: modeOf({ kind, mode }),
      uid,
      gid,
      links,
      ...(device && { device }),
      size,
      storedBytes: kind === 'file' ? size : 0,
      atime: time,
      mtime: time,
      ctime: time,
    };
  }

  lookup(directory: InodeNumber, name: string): FileAttributes | undefined {
    const { children } = this.#directory(directory);
    if (name === '..') return this.attributes(this.#parents.get(directory) ?? this.root);
    const inode = children.get(name);
    return inode === undefined ? undefined : this.attributes(inode);
  }

  list(directory: InodeNumber, after: number, limit: number): readonly TreeEntry[] {
    const node = this.#directory(directory);
    let names = this.#names.get(node);
    if (!names) {
      names = [...node.children];
      this.#names.set(node, names);
    }
    return names.slice(after, after + limit).map(([name, inode], index) => {
      return { name, inode, kind: kindOf(modeOf(this.#node(inode))), next: after + index + 1 };
    });
  }

  readLink(inode: InodeNumber): string {
    const { kind, target } = this.#node(inode);
    if (kind !== 'symlink' || target === undefined) throw fileError('EINVAL', 'Not a symbolic link');
    return target;
  }

  read(inode: InodeNumber, offset: number, length: number): Awaitable<readonly Uint8Array[]> {
    const node = this.#node(inode);
    if (node.kind === 'directory') throw fileError('EISDIR', 'A directory is not read');
    if (node.kind !== 'file') return [];
    const pieces = filePieces(node, { start: offset, end: offset + length }).map((piece) => this.#readPiece(piece));
    const [only] = pieces;
    if (pieces.length <= 1) return only ?? [];
    return Promise.all(pieces).then((all) => all.flat());
  }

  xattr(inode: InodeNumber, name: string): Uint8Array | undefined {
    if (name === opaqueAttribute && this.#node(inode).opaque) return opaqueValue;
    return this.#xattrs(inode)?.get(name);
  }

  xattrNames(inode: InodeNumber): readonly string[] {
    const names = [...(this.#xattrs(inode)?.keys() ?? [])];
    return this.#node(inode).opaque && !names.includes(opaqueAttribute) ? [...names, opaqueAttribute] : names;
  }

  usage(): TreeUsage {
    const { size, nodes } = this.#source.index;
    return {
      blockSize: blockBytes,
      blocks: Math.ceil(size / blockBytes),
      freeBlocks: 0,
      files: nodes.length,
      freeFiles: 0,
    };
  }

  #xattrs(inode: InodeNumber): LayerNode['xattrs'] {
    return (this.#source.described?.get(inode) ?? this.#node(inode)).xattrs;
  }

  #readPiece({ size, offset }: FilePiece): Awaitable<readonly Uint8Array[]> {
    return offset === undefined ? [new Uint8Array(size)] : this.#source.bytes.read(offset, offset + size);
  }

  #node(inode: InodeNumber): LayerNode {
    const node = this.#source.index.nodes[inode - 1];
    if (!node) throw fileError('ESTALE', `No such inode in the layer: ${inode}`);
    return node;
  }

  #directory(inode: InodeNumber): LayerNode & Required<Pick<LayerNode, 'children'>> {
    const node = this.#node(inode);
    const { children } = node;
    if (node.kind !== 'directory' || !children) throw fileError('ENOTDIR', 'Not a directory');
    return node as LayerNode & Required<Pick<LayerNode, 'children'>>;
  }
}

function modeOf({ kind, mode }: Pick<LayerNode, 'kind' | 'mode'>): number {
  return kind === 'whiteout' ? fileType.character : types[kind] | mode;
}

function sizeOf({ kind, size, target }: LayerNode): number {
  if (kind === 'symlink') return serializeFileName(target ?? '').length;
  return kind === 'file' ? size : 0;
}

function toFileTime(time: number): FileTime {
  const seconds = Math.floor(time);
  return { seconds, nanoseconds: Math.min(999_999_999, Math.round((time - seconds) * 1e9)) };
}
