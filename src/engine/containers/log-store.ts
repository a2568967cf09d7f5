import type { ContainerId } from '../../api/container-host';
import type { Digest } from '../../api/content-store';
import type { RecordStore } from '../../api/records';
import { decodeBase64, encodeBase64 } from '../../base/base64';
import { concatBytes } from '../../base/bytes';
import type { BlobClient } from '../blob-client';
import { putContainerRecord, removeContainerRecord } from './container-records';
import { type LogEntry, parseEntries, serializeEntries } from './log-entry';

/** Some entries of a log that will not change any more: a blob of the store. */
export interface StoredPiece {
  readonly digest: Digest;
  readonly bytes: number;
  readonly entries: number;
  /** Of its last entry, milliseconds since the epoch. */
  readonly lastTime: number;
}

/** A log as it is kept: pieces, oldest first, and the entries after them in base64. */
export interface StoredLog {
  readonly container: ContainerId;
  readonly pieces: readonly StoredPiece[];
  readonly tail: string;
}

export interface LogStoreOptions {
  readonly records: RecordStore;
  readonly blobs: Pick<BlobClient, 'put' | 'read' | 'delete' | 'sweep'>;
}

/** What pieces of logs are kept under in the store. */
export const logLabel = 'container-log';

/** Where logs are kept. */
export class LogStore {
  readonly #options: LogStoreOptions;
  /** Two containers may write the same at the same time, and a blob belongs to one of them. */
  #serial = 0;

  constructor(options: LogStoreOptions) {
    this.#options = options;
  }

  async putPiece(container: ContainerId, entries: readonly LogEntry[]): Promise<StoredPiece> {
    this.#serial += 1;
    const mark = new TextEncoder().encode(`${container} ${entries[0]?.time} ${this.#serial}\n`);
    const written = serializeEntries(entries);
    const { digest } = await this.#options.blobs.put(concatBytes([mark, written]).buffer, logLabel);
    return { digest, bytes: written.length, entries: entries.length, lastTime: entries.at(-1)?.time ?? 0 };
  }

  /** Empty when the store has lost it. */
  async readPiece({ digest }: StoredPiece): Promise<readonly LogEntry[]> {
    const [buffer] = await this.#options.blobs.read([digest]).catch(() => []);
    if (!buffer) return [];
    const bytes = new Uint8Array(buffer);
    return parseEntries(bytes.subarray(bytes.indexOf(10) + 1));
  }

  async dropPieces(pieces: readonly StoredPiece[]): Promise<void> {
    for (const { digest } of pieces) await this.#options.blobs.delete(digest);
  }

  async write(container: ContainerId, pieces: readonly StoredPiece[], tail: readonly LogEntry[]): Promise<void> {
    const stored = { container, pieces, tail: encodeBase64(serializeEntries(tail)) };
    await this.#options.records.apply([putContainerRecord('containerLogs', container, stored)]);
  }

  tailOf({ tail }: StoredLog): readonly LogEntry[] {
    return parseEntries(decodeBase64(tail));
  }

  async remove(container: ContainerId, pieces: readonly StoredPiece[]): Promise<void> {
    await this.#options.records.apply([removeContainerRecord('containerLogs', container)]);
    await this.dropPieces(pieces);
  }

  /** Removes pieces that no log names. */
  async sweep(logs: readonly StoredLog[]): Promise<void> {
    await this.#options.blobs.sweep(
      logLabel,
      logs.flatMap(({ pieces }) => pieces.map(({ digest }) => digest)),
    );
  }
}
