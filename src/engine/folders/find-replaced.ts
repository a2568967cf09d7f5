import type { InodeNumber } from '../../api/file-tree';
import type { Operation } from '../../api/operation';
import type { ReplacedFiles } from '../../api/shared-folder';
import { isDirectory } from '../../formats/file-type';
import { fileError } from '../../formats/linux-errno';
import type { TarEntry, TarEntryKind } from '../../formats/tar/tar-entry';
import type { FolderPortClient } from '../../rpc/folder-port';
import { scanTar } from './scan-tar';
import { noWay, tarNames } from './tar-names';

type Tree = Pick<FolderPortClient, 'lookup' | 'list'>;

/** Paths that are kept of what would be replaced; a tar may name millions. */
const keptPaths = 1000;

/**
 * What {@link importFolder} would replace, of a tar as it streams by: nothing is written. `InvalidArgument` for what is no
 * tar, or would be refused on the way for what stands in it; `FailedPrecondition` where a directory that is not empty
 * has the name of a file.
 */
export async function findReplaced(
  tree: Tree,
  into: InodeNumber,
  archive: ReadableStream<Uint8Array>,
  operation: Operation,
): Promise<ReplacedFiles> {
  const search = new Search(tree, into);
  const reader = { phase: 'Looking for what is there already', entry: (entry: TarEntry) => search.add(entry) };
  await scanTar(archive, reader, operation);
  return search.found;
}

class Search {
  readonly #tree: Tree;
  readonly #into: InodeNumber;
  /** What stands at these paths is replaced, by what the tar has there last. */
  readonly #replaced = new Map<string, TarEntryKind>();
  #more = false;
  /** Directories that lead to the last entry, as far as they exist: the next one mostly lies beside it. */
  readonly #way: { readonly name: string; readonly inode: InodeNumber }[] = [];

  constructor(tree: Tree, into: InodeNumber) {
    this.#tree = tree;
    this.#into = into;
  }

  get found(): ReplacedFiles {
    return { paths: [...this.#replaced.keys()], more: this.#more };
  }

  async add({ path, kind }: TarEntry): Promise<void> {
    const names = tarNames(path);
    const name = names.at(-1);
    if (name === undefined) return;
    const directory = await this.#walk(names.slice(0, -1));
    const there = directory === undefined ? undefined : await this.#tree.lookup(directory, name);
    if (!there || (isDirectory(there) && kind === 'directory')) return;
    const whole = names.join('/');
    if (isDirectory(there) && (await this.#tree.list(there.inode, 0, 1)).length > 0) {
      throw fileError('ENOTEMPTY', `A directory that is not empty has the name of a file of the tar: ${whole}`);
    }
    if (this.#replaced.size < keptPaths || this.#replaced.has(whole)) this.#replaced.set(whole, kind);
    else this.#more = true;
  }

  /** Undefined where the directory is not there yet. */
  async #walk(names: readonly string[]): Promise<InodeNumber | undefined> {
    const apart = this.#way.findIndex(({ name }, at) => name !== names[at]);
    if (apart >= 0) this.#way.length = apart;
    for (const name of names.slice(this.#way.length)) {
      const found = await this.#tree.lookup(this.#way.at(-1)?.inode ?? this.#into, name);
      if (!found) return undefined;
      if (!isDirectory(found)) {
        const path = names.slice(0, this.#way.length + 1).join('/');
        // The tar has made a directory of it by then.
        if (this.#more || this.#replaced.get(path) === 'directory') return undefined;
        throw noWay(name);
      }
      this.#way.push({ name, inode: found.inode });
    }
    return this.#way.at(-1)?.inode ?? this.#into;
  }
}
