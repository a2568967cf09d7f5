/**
 * Bytes of one part. Chromium sends a new Blob of up to 250 KiB to its browser process with its bytes; of a larger
 * one it sends the promise of bytes.
 */
export const embeddedBytes = 240 * 1024;

/** A part of a copy of the bytes. */
export function embeddedPart(bytes: Uint8Array<ArrayBuffer>): Blob {
  return new Blob([bytes]);
}

/**
 * A Blob of such parts, whose bytes have left this thread's process when they are made.
 *
 * The bytes of a large Blob are fetched when somebody wants them, by a task of the renderer's thread pool, and that
 * pool also compiles WebAssembly: beside five machines whose code V8 was optimizing, a commit (or the first read, in
 * a private window) waited 50 to 110 s for its turn. A Blob made of small ones has nothing left to fetch.
 */
export function joinParts(parts: readonly (Blob | Uint8Array<ArrayBuffer>)[]): Blob {
  const [only] = parts;
  return parts.length === 1 && only instanceof Blob ? only : new Blob([...parts]);
}
