import { chunksOf } from '../../base/streams';
import { type TarEntry, unsoundTar } from './tar-entry';
import { TarScanner } from './tar-scanner';
import { serializeTarEntry, tarPadding, type WrittenEntry } from './tar-writer';

/** Bytes of the tar, from where to where. */
interface Body {
  readonly start: number;
  readonly end: number;
}

/**
 * The entries of a tar as they stream by, each as `change` says, without it where that is nothing; the end is the caller's to
 * write (`tarEnd`). Of sparse files nobody here makes archives: they are refused, as is what is no tar (`InvalidArgument`).
 */
export async function* rewriteTar(
  tar: ReadableStream<Uint8Array<ArrayBuffer>>,
  change: (entry: TarEntry) => WrittenEntry | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const told: TarEntry[] = [];
  const scanner = new TarScanner((entry) => told.push(entry));
  let position = 0;
  let body: Body = { start: 0, end: 0 };
  for await (const bytes of chunksOf(tar)) {
    scanner.push(bytes);
    yield* partOf(body, bytes, position);
    for (const entry of told.splice(0)) {
      const changed = change(entry);
      body = bodyOf(entry, changed !== undefined);
      if (changed) yield serializeTarEntry(changed);
      yield* partOf(body, bytes, position);
    }
    position += bytes.length;
  }
  scanner.finish();
}

function bodyOf({ kind, size, offset, parts }: TarEntry, kept: boolean): Body {
  if (parts) throw unsoundTar('a sparse file', offset);
  return { start: offset, end: kept && kind === 'file' ? offset + size : offset };
}

/** What a chunk has of a file, and what fills its last block. */
function* partOf(
  { start, end }: Body,
  bytes: Uint8Array<ArrayBuffer>,
  position: number,
): Generator<Uint8Array<ArrayBuffer>> {
  const from = Math.max(start - position, 0);
  const to = Math.min(end - position, bytes.length);
  if (from >= to) return;
  yield bytes.subarray(from, to);
  if (to === end - position) yield tarPadding(end - start);
}
