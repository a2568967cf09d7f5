import { concatBytes } from '../../base/bytes';

/** Docker's: a longer line is several entries (moby, daemon/logger/copier.go). */
const longestEntry = 16 * 1024;
const newline = 10;

/** Cuts a stream of bytes into lines, each with its newline. What has none yet waits, but never more than 16 KiB of it. */
export class LineSplitter {
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array();

  push(bytes: Uint8Array<ArrayBuffer>): readonly Uint8Array<ArrayBuffer>[] {
    const all = this.#rest.length === 0 ? bytes : concatBytes([this.#rest, bytes]);
    const lines: Uint8Array<ArrayBuffer>[] = [];
    let start = 0;
    for (;;) {
      const end = all.indexOf(newline, start);
      const stop = end === -1 ? all.length : end + 1;
      while (stop - start > longestEntry) {
        lines.push(all.subarray(start, start + longestEntry));
        start += longestEntry;
      }
      if (end === -1) break;
      lines.push(all.subarray(start, stop));
      start = stop;
    }
    // A copy: the rest must not keep all that came with it.
    this.#rest = all.slice(start);
    return lines;
  }

  /** What is left at the end of the stream. */
  end(): readonly Uint8Array<ArrayBuffer>[] {
    const rest = this.#rest;
    this.#rest = new Uint8Array();
    return rest.length === 0 ? [] : [rest];
  }
}
