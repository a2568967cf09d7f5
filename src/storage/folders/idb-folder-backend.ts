import { SandboxError } from '../../base/errors';
import type { Database } from '../database';
import { writeToEnd } from '../write-transaction';
import type { FolderBackend } from './folder-backend';
import {
  type AnswerRecord,
  bytesOfChange,
  type EntryRecord,
  type FolderChange,
  type FolderHead,
  type FolderName,
  type FolderRecords,
  type NodeRecord,
} from './folder-records';

/** What the number or text behind it in a key says. */
type Part = 'answers' | 'entry' | 'head' | 'node';

/** From this size on Chromium keeps a value as a file of its own, and a Blob is that without a detour. */
const blobFromBytes = 32 * 1024;

/** Folders in IndexedDB. */
export class IdbFolderBackend implements FolderBackend {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(): Promise<ReadonlyMap<FolderName, FolderHead>> {
    const heads = await this.#database.read('folders', async (folders) => {
      const found: [FolderName, FolderHead][] = [];
      for (let cursor = await folders.openCursor(); cursor; ) {
        const [name] = cursor.key;
        const head = await folders.get([name, 'head', 0]);
        if (head !== undefined) found.push([name, head as FolderHead]);
        // Arrays sort behind all texts: the next key is the next folder's first.
        cursor = await cursor.continue([name, []] as unknown as typeof cursor.key);
      }
      return found;
    });
    return new Map(heads);
  }

  async load(folder: FolderName): Promise<FolderRecords> {
    const [keys, values] = await this.#database.read('folders', (folders) =>
      Promise.all([folders.getAllKeys(allOf(folder)), folders.getAll(allOf(folder))]),
    );
    const chunks = await this.#database.read('folderChunks', (all) => all.getAllKeys(allOf(folder)));
    const parts = { answers: new Map(), entry: new Map(), head: new Map(), node: new Map() } as Record<
      Part,
      Map<number | string, unknown>
    >;
    for (const [index, [, part, id]] of keys.entries()) parts[part as Part]?.set(id, values[index]);
    const head = parts.head.get(0) as FolderHead | undefined;
    if (!head) throw new SandboxError('NotFound', `No such shared folder: ${folder}`, { details: { folder } });
    return {
      head,
      nodes: parts.node as Map<number, NodeRecord>,
      // Keys come in their order.
      entries: [...parts.entry.values()] as EntryRecord[],
      answers: parts.answers as Map<string, AnswerRecord>,
      chunks: chunks.map(([, inode, index]) => [inode, index]),
    };
  }

  async write(folder: FolderName, change: FolderChange, lasting: boolean): Promise<void> {
    const options = { needed: bytesOfChange(change), durability: lasting ? 'strict' : 'relaxed' } as const;
    await writeToEnd(this.#database, ['folders', 'folderChunks'], options, (transaction) => {
      const [records, chunks] = [transaction.objectStore('folders'), transaction.objectStore('folderChunks')];
      const put = (part: Part, all: ReadonlyMap<number | string, unknown>): readonly Promise<unknown>[] =>
        [...all].map(([id, value]) =>
          value === undefined ? records.delete([folder, part, id]) : records.put(value, [folder, part, id]),
        );
      return [
        records.put(change.head, [folder, 'head', 0]),
        ...put('node', change.nodes),
        ...put('entry', change.entries),
        ...put('answers', change.answers),
        ...change.chunks.map(({ inode, index, bytes }) =>
          bytes ? chunks.put(toValue(bytes), [folder, inode, index]) : chunks.delete([folder, inode, index]),
        ),
      ];
    });
  }

  async read(folder: FolderName, inode: number, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const value = await this.#database.read('folderChunks', (chunks) => chunks.get([folder, inode, index]));
    if (value === undefined) return undefined;
    if (!(value instanceof Blob)) return new Uint8Array(value);
    try {
      return new Uint8Array(await value.arrayBuffer());
    } catch (cause) {
      const message = `A part of a file of the shared folder ${folder} cannot be read any more`;
      throw new SandboxError('DataLoss', message, { cause, details: { folder, inode, index } });
    }
  }

  async remove(folder: FolderName): Promise<void> {
    await writeToEnd(this.#database, ['folders', 'folderChunks'], { durability: 'strict' }, (transaction) => [
      transaction.objectStore('folders').delete(allOf(folder)),
      transaction.objectStore('folderChunks').delete(allOf(folder)),
    ]);
  }
}

/** All keys that begin with the folder's name: arrays sort behind numbers and texts. */
function allOf(folder: FolderName): IDBKeyRange {
  return IDBKeyRange.bound([folder], [folder, []]);
}

function toValue(bytes: Uint8Array<ArrayBuffer>): Blob | ArrayBuffer {
  if (bytes.length >= blobFromBytes) return new Blob([bytes]);
  return bytes.slice().buffer;
}
