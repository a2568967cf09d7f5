/** One line, or one part of a long line, that a container has written. */
export interface LogEntry {
  readonly stream: 'stdout' | 'stderr';
  /** Milliseconds since the epoch, with fractions. */
  readonly time: number;
  /** With its newline where it has one. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Before the bytes: stream, time, length. */
const headBytes = 1 + 8 + 4;
const stderrMark = 2;

/** The size of an entry in a piece of a log. */
export function entryBytes({ bytes }: LogEntry): number {
  return headBytes + bytes.length;
}

/** Entries as one array of bytes. */
export function serializeEntries(entries: readonly LogEntry[]): Uint8Array<ArrayBuffer> {
  const written = new Uint8Array(entries.reduce((sum, entry) => sum + entryBytes(entry), 0));
  const view = new DataView(written.buffer);
  let at = 0;
  for (const { stream, time, bytes } of entries) {
    view.setUint8(at, stream === 'stderr' ? stderrMark : 1);
    view.setFloat64(at + 1, time);
    view.setUint32(at + 9, bytes.length);
    written.set(bytes, at + headBytes);
    at += headBytes + bytes.length;
  }
  return written;
}

/** The other half of {@link serializeEntries}; what is cut off at the end is left out. */
export function parseEntries(bytes: Uint8Array<ArrayBuffer>): readonly LogEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: LogEntry[] = [];
  for (let at = 0; at + headBytes <= bytes.length; ) {
    const length = view.getUint32(at + 9);
    const start = at + headBytes;
    if (start + length > bytes.length) break;
    const stream = view.getUint8(at) === stderrMark ? 'stderr' : 'stdout';
    entries.push({ stream, time: view.getFloat64(at + 1), bytes: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return entries;
}
