import type { Operation } from '../../api/operation';
import { throwIfAborted } from '../../base/errors';
import { chunksOf } from '../../base/streams';
import type { TarEntry } from '../../formats/tar/tar-entry';
import { TarScanner } from '../../formats/tar/tar-scanner';

export interface TarReader {
  /** Of the progress. */
  readonly phase: string;
  entry(entry: TarEntry): Promise<void>;
  /** Bytes of the tar that begin at `position`, after the entries that are told in them. */
  chunk?(bytes: Uint8Array, position: number): Promise<void>;
}

/** Reads a tar as it streams by, one thing after the other. `InvalidArgument` for what is no tar. */
export async function scanTar(
  archive: ReadableStream<Uint8Array>,
  reader: TarReader,
  { signal, onProgress }: Operation,
): Promise<void> {
  const told: TarEntry[] = [];
  const scanner = new TarScanner((entry) => told.push(entry));
  let position = 0;
  for await (const bytes of chunksOf(archive)) {
    throwIfAborted(signal);
    scanner.push(bytes);
    for (const entry of told.splice(0)) await reader.entry(entry);
    await reader.chunk?.(bytes, position);
    position += bytes.length;
    onProgress?.({ phase: reader.phase, done: position });
  }
  scanner.finish();
}
