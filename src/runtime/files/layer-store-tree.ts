import type { Digest } from '../../api/content-store';
import type {
  Awaitable,
  FileAttributes,
  FileTree,
  InodeNumber,
  TreeEntry,
  TreeNumbering,
  TreeUsage,
} from '../../api/file-tree';
import { toSandboxError } from '../../base/errors';
import { isDigest } from '../../formats/digest';
import { fileType, kindOf } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';
import { after } from './after';
import { describeImplied } from './describe-implied';
import { type LayerPart, outward, partOf, rootAttributes, rootInode } from './layer-parts';
import { type LayerSource, LayerTree } from './layer-tree';

const directoryKind = kindOf(fileType.directory);

/** Where layers come from as they are asked for. */
export interface LayerShelf {
  /** The layers up to the one of that name, the lowest first. `NotFound`: there is none (yet). */
  stack(name: string): Promise<readonly Digest[]>;
  layer(diffId: Digest): Promise<LayerSource>;
}

/** A layer in its stack: what lies below it describes the directories that it only implies. */
interface Part extends LayerPart {
  readonly name: string;
  readonly stack: readonly Digest[];
  tree?: Awaitable<LayerTree>;
}

/** Name, stack and number of inodes of each part, in the order in which they were met. */
type SavedPart = readonly [name: string, stack: readonly Digest[], nodes: number];

/**
 * All layers that a machine will ever ask for, each a directory that is opened when its name is first walked to. Inode
 * numbers are given out in the order in which layers are met, since a guest of 32 bits keeps no more than such small
 * ones; that order is saved with the machine. What a restored machine has open is opened when it asks again.
 */
export class LayerStoreTree implements FileTree {
  readonly root = rootInode;
  readonly numbering: TreeNumbering = {
    save: () => this.#parts.map(({ name, stack, nodes }): SavedPart => [name, stack, nodes]),
    restore: (saved) => this.#restore(saved),
  };
  readonly #shelf: LayerShelf;
  readonly #parts: Part[] = [];
  readonly #byName = new Map<string, Part>();
  readonly #coming = new Map<string, Promise<Part | undefined>>();

  constructor(shelf: LayerShelf) {
    this.#shelf = shelf;
  }

  attributes(inode: InodeNumber): Awaitable<FileAttributes> {
    if (inode === rootInode) return rootAttributes(2);
    return this.#at(inode, (tree, own, part) => outward(part, tree.attributes(own)));
  }

  lookup(directory: InodeNumber, name: string): Awaitable<FileAttributes | undefined> {
    if (directory === rootInode) return this.#lookupAtRoot(name);
    return this.#at(directory, (tree, own, part) => {
      if (name === '..' && own === tree.root) return rootAttributes(2);
      const found = tree.lookup(own, name);
      return found && outward(part, found);
    });
  }

  /** Of the root: what was asked for so far. */
  list(directory: InodeNumber, behind: number, limit: number): Awaitable<readonly TreeEntry[]> {
    if (directory === rootInode) {
      return this.#parts.slice(behind, behind + limit).map(({ name, base }, index) => {
        return { name, inode: base + rootInode, kind: directoryKind, next: behind + index + 1 };
      });
    }
    return this.#at(directory, (tree, own, { base }) =>
      tree.list(own, behind, limit).map((entry) => ({ ...entry, inode: entry.inode + base })),
    );
  }

  readLink(inode: InodeNumber): Awaitable<string> {
    return this.#at(inode, (tree, own) => tree.readLink(own));
  }

  read(inode: InodeNumber, offset: number, length: number): Awaitable<readonly Uint8Array[]> {
    return this.#at(inode, (tree, own) => tree.read(own, offset, length));
  }

  xattr(inode: InodeNumber, name: string): Awaitable<Uint8Array | undefined> {
    return inode === rootInode ? undefined : this.#at(inode, (tree, own) => tree.xattr(own, name));
  }

  xattrNames(inode: InodeNumber): Awaitable<readonly string[]> {
    return inode === rootInode ? [] : this.#at(inode, (tree, own) => tree.xattrNames(own));
  }

  /** Of what was asked for so far; nothing is opened for it. */
  usage(): TreeUsage {
    const files = this.#parts.reduce((sum, { nodes }) => sum + nodes, 1);
    return { blockSize: 4096, blocks: 0, freeBlocks: 0, files, freeFiles: 0 };
  }

  #at<T>(inode: InodeNumber, use: (tree: LayerTree, own: InodeNumber, part: Part) => Awaitable<T>): Awaitable<T> {
    const part = partOf(this.#parts, inode);
    return after(this.#open(part), (tree) => use(tree, inode - part.base, part));
  }

  #lookupAtRoot(name: string): Awaitable<FileAttributes | undefined> {
    if (name === '..') return rootAttributes(2);
    return after(this.#byName.get(name) ?? this.#meet(name), (part) => part && this.attributes(part.base + rootInode));
  }

  /** Two who ask at the same time get the same numbers. */
  #meet(name: string): Promise<Part | undefined> {
    const coming = this.#coming.get(name) ?? this.#add(name).finally(() => this.#coming.delete(name));
    this.#coming.set(name, coming);
    return coming;
  }

  async #add(name: string): Promise<Part | undefined> {
    const stack = await this.#shelf.stack(name).catch((error: unknown) => {
      if (toSandboxError(error).code === 'NotFound') return undefined;
      throw error;
    });
    if (!stack) return undefined;
    const { tree, nodes } = await this.#makeTree(stack);
    return this.#take(name, stack, nodes, tree);
  }

  #take(name: string, stack: readonly Digest[], nodes: number, tree?: LayerTree): Part {
    const last = this.#parts.at(-1);
    const base = last ? last.base + last.nodes : rootInode;
    const part: Part = { name, stack, base, nodes, ...(tree && { tree }) };
    this.#parts.push(part);
    this.#byName.set(name, part);
    return part;
  }

  #restore(saved: unknown): void {
    if (!Array.isArray(saved)) return;
    for (const [name, stack, nodes] of saved as SavedPart[]) {
      if (typeof name !== 'string' || !Array.isArray(stack) || !stack.every(isDigest) || !(nodes > 0)) return;
      this.#take(name, stack, nodes);
    }
  }

  #open(part: Part): Awaitable<LayerTree> {
    if (part.tree) return part.tree;
    const opening = this.#makeTree(part.stack).then(
      ({ tree }) => {
        part.tree = tree;
        return tree;
      },
      (error: unknown) => {
        delete part.tree;
        throw error;
      },
    );
    part.tree = opening;
    return opening;
  }

  async #makeTree(stack: readonly Digest[]): Promise<{ readonly tree: LayerTree; readonly nodes: number }> {
    const top = stack.at(-1);
    if (top === undefined) throw fileError('ESTALE', 'A stack without layers');
    const layer = await this.#shelf.layer(top);
    const nodes = layer.index.nodes.length;
    if (!layer.index.nodes.some(({ implied }) => implied)) return { tree: new LayerTree(layer), nodes };
    const below = await Promise.all(stack.slice(0, -1).map((each) => this.#shelf.layer(each)));
    const described = describeImplied([...below.map(({ index }) => index), layer.index]);
    return { tree: new LayerTree({ ...layer, described }), nodes };
  }
}
