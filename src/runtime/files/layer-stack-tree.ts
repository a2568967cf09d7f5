import type { Awaitable, FileAttributes, FileTree, InodeNumber, TreeEntry, TreeUsage } from '../../api/file-tree';
import { fileType, kindOf } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';
import { describeImplied } from './describe-implied';
import { type LayerSource, LayerTree } from './layer-tree';

const rootInode = 1;
const epoch = { seconds: 0, nanoseconds: 0 };
const directoryKind = kindOf(fileType.directory);

interface Part {
  readonly name: string;
  readonly tree: LayerTree;
  /** What is added to the layer's own inode numbers. */
  readonly base: number;
  readonly nodes: number;
}

/**
 * Several layers through one mount: a directory whose entries `0`, `1` and so on, from the lowest up, are the layers.
 * A machine has few places for devices, an image may have many layers. Inode numbers stay unique and small, since a
 * guest of 32 bits keeps no more.
 */
export class LayerStackTree implements FileTree {
  readonly root = rootInode;
  readonly #parts: readonly Part[];

  constructor(layers: readonly LayerSource[]) {
    let base = rootInode;
    const indexes = layers.map(({ index }) => index);
    this.#parts = layers.map((layer, index) => {
      const nodes = layer.index.nodes.length;
      const described = describeImplied(indexes.slice(0, index + 1));
      const part = { name: String(index), tree: new LayerTree({ ...layer, described }), base, nodes };
      base += nodes;
      return part;
    });
  }

  attributes(inode: InodeNumber): FileAttributes {
    if (inode === rootInode) return this.#rootAttributes();
    const part = this.#partOf(inode);
    return outward(part, part.tree.attributes(inode - part.base));
  }

  lookup(directory: InodeNumber, name: string): FileAttributes | undefined {
    if (directory === rootInode) return this.#lookupAtRoot(name);
    const part = this.#partOf(directory);
    const own = directory - part.base;
    if (name === '..' && own === part.tree.root) return this.#rootAttributes();
    const found = part.tree.lookup(own, name);
    return found && outward(part, found);
  }

  list(directory: InodeNumber, after: number, limit: number): readonly TreeEntry[] {
    if (directory === rootInode) {
      return this.#parts.slice(after, after + limit).map(({ name, tree, base }, index) => {
        return { name, inode: tree.root + base, kind: directoryKind, next: after + index + 1 };
      });
    }
    const { tree, base } = this.#partOf(directory);
    return tree.list(directory - base, after, limit).map((entry) => ({ ...entry, inode: entry.inode + base }));
  }

  readLink(inode: InodeNumber): string {
    const { tree, base } = this.#partOf(inode);
    return tree.readLink(inode - base);
  }

  read(inode: InodeNumber, offset: number, length: number): Awaitable<readonly Uint8Array[]> {
    const { tree, base } = this.#partOf(inode);
    return tree.read(inode - base, offset, length);
  }

  xattr(inode: InodeNumber, name: string): Uint8Array | undefined {
    if (inode === rootInode) return undefined;
    const { tree, base } = this.#partOf(inode);
    return tree.xattr(inode - base, name);
  }

  xattrNames(inode: InodeNumber): readonly string[] {
    if (inode === rootInode) return [];
    const { tree, base } = this.#partOf(inode);
    return tree.xattrNames(inode - base);
  }

  usage(): TreeUsage {
    const all = this.#parts.map(({ tree }) => tree.usage());
    const sum = (of: (usage: TreeUsage) => number): number => all.reduce((total, usage) => total + of(usage), 0);
    return {
      blockSize: all[0]?.blockSize ?? 4096,
      blocks: sum(({ blocks }) => blocks),
      freeBlocks: 0,
      files: sum(({ files }) => files) + 1,
      freeFiles: 0,
    };
  }

  #lookupAtRoot(name: string): FileAttributes | undefined {
    if (name === '..') return this.#rootAttributes();
    const part = this.#parts.find((each) => each.name === name);
    return part && outward(part, part.tree.attributes(part.tree.root));
  }

  #rootAttributes(): FileAttributes {
    return {
      inode: rootInode,
      mode: fileType.directory | 0o755,
      uid: 0,
      gid: 0,
      links: 2 + this.#parts.length,
      size: 0,
      storedBytes: 0,
      atime: epoch,
      mtime: epoch,
      ctime: epoch,
    };
  }

  /** Of the root directory itself nothing else can be asked: it is no link and no file. */
  #partOf(inode: InodeNumber): Part {
    const part = this.#parts.find(({ base, nodes }) => inode > base && inode <= base + nodes);
    if (part) return part;
    throw inode === rootInode
      ? fileError('EISDIR', 'A directory of layers')
      : fileError('ESTALE', `No such inode: ${inode}`);
  }
}

function outward({ base }: Part, attributes: FileAttributes): FileAttributes {
  return { ...attributes, inode: attributes.inode + base };
}
