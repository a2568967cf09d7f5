/**
 * Bytes of one part. Chromium sends a new Blob of up to 250 KiB to its browser process with its bytes; of a larger
 * one it sends the promise of bytes.
 */
const partBytes = 240 * 1024;

/**
 * A Blob whose bytes have left this thread's process when it is made.
 *
 * The bytes of a large Blob are fetched when somebody wants them, by a task of the renderer's thread pool, and that
 * pool also compiles WebAssembly: beside five machines whose code V8 was optimizing, a commit (or the first read, in
 * a private window) waited 50 to 110 s for its turn. A Blob made of small ones has nothing left to fetch.
 */
export function embeddedBlob(bytes: Uint8Array<ArrayBuffer>): Blob {
  if (bytes.length <= partBytes) return new Blob([bytes]);
  const parts: Blob[] = [];
  for (let at = 0; at < bytes.length; at += partBytes) parts.push(new Blob([bytes.subarray(at, at + partBytes)]));
  return new Blob(parts);
}
