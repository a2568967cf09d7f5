import { chunksOf } from '../../base/streams';

/** Bytes read at a time. */
const pieceSize = 512 * 1024;

/**
 * The bytes of a file, in pieces of one buffer that is used again: a piece is good until the next one is asked for. A
 * buffer for each piece is memory that is only given back when the collector finds it worth its while, 64 MB later.
 */
export async function* filePieces(file: Blob): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const stream = file.stream();
  const reader = byteReader(stream);
  if (!reader) {
    yield* chunksOf(stream);
    return;
  }
  let buffer = new ArrayBuffer(pieceSize);
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      ended = done;
      if (done) return;
      yield value;
      buffer = value.buffer;
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}

/** Undefined where a file's stream is none of bytes (Streams standard, 4.4), as in older browsers. */
function byteReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: 'byob' });
  } catch {
    return undefined;
  }
}
