import type { Awaitable, FileAttributes, FileTree, InodeNumber, TreeEntry, TreeUsage } from '../../api/file-tree';
import { fileType, kindOf } from '../../formats/file-type';
import { describeImplied } from './describe-implied';
import { type LayerPart, outward, partOf, rootAttributes, rootInode } from './layer-parts';
import { type LayerSource, LayerTree } from './layer-tree';

const directoryKind = kindOf(fileType.directory);

interface Part extends LayerPart {
  readonly name: string;
  readonly tree: LayerTree;
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
    if (inode === rootInode) return rootAttributes(2 + this.#parts.length);
    const part = partOf(this.#parts, inode);
    return outward(part, part.tree.attributes(inode - part.base));
  }

  lookup(directory: InodeNumber, name: string): FileAttributes | undefined {
    if (directory === rootInode) return this.#lookupAtRoot(name);
    const part = partOf(this.#parts, directory);
    const own = directory - part.base;
    if (name === '..' && own === part.tree.root) return rootAttributes(2 + this.#parts.length);
    const found = part.tree.lookup(own, name);
    return found && outward(part, found);
  }

  list(directory: InodeNumber, after: number, limit: number): readonly TreeEntry[] {
    if (directory === rootInode) {
      return this.#parts.slice(after, after + limit).map(({ name, tree, base }, index) => {
        return { name, inode: tree.root + base, kind: directoryKind, next: after + index + 1 };
      });
    }
    const { tree, base } = partOf(this.#parts, directory);
    return tree.list(directory - base, after, limit).map((entry) => ({ ...entry, inode: entry.inode + base }));
  }

  readLink(inode: InodeNumber): string {
    const { tree, base } = partOf(this.#parts, inode);
    return tree.readLink(inode - base);
  }

  read(inode: InodeNumber, offset: number, length: number): Awaitable<readonly Uint8Array[]> {
    const { tree, base } = partOf(this.#parts, inode);
    return tree.read(inode - base, offset, length);
  }

  xattr(inode: InodeNumber, name: string): Uint8Array | undefined {
    if (inode === rootInode) return undefined;
    const { tree, base } = partOf(this.#parts, inode);
    return tree.xattr(inode - base, name);
  }

  xattrNames(inode: InodeNumber): readonly string[] {
    if (inode === rootInode) return [];
    const { tree, base } = partOf(this.#parts, inode);
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
    if (name === '..') return rootAttributes(2 + this.#parts.length);
    const part = this.#parts.find((each) => each.name === name);
    return part && outward(part, part.tree.attributes(part.tree.root));
  }
}
