import { serializeFileName } from '../file-name';
import { type Qid, qid } from './fields';
import { MessageReader } from './message-reader';
import { MessageWriter } from './message-writer';

/** An entry of a readdir reply. `kind` is the file type's four bits, as d_type. */
export interface DirectoryEntry {
  readonly qid: Qid;
  /** Where a reader goes on after this entry. */
  readonly offset: number;
  readonly kind: number;
  readonly name: string;
}

/** Bytes of an entry beside its name: a qid, the offset, the kind and the name's length. */
const fixedBytes = 13 + 8 + 1 + 2;

/** As many of the entries as fit in `limit` bytes, from the first on. */
export function serializeDirectoryEntries(entries: Iterable<DirectoryEntry>, limit: number): Uint8Array<ArrayBuffer> {
  const writer = new MessageWriter();
  for (const entry of entries) {
    // No name is shorter in UTF-8 than in UTF-16, none longer than three times that.
    const most = fixedBytes + 3 * entry.name.length;
    const left = limit - writer.fieldBytes;
    if (most > left && fixedBytes + serializeFileName(entry.name).length > left) break;
    qid.write(writer, entry.qid);
    writer.u64(entry.offset);
    writer.u8(entry.kind);
    writer.text(entry.name);
  }
  return writer.fields();
}

export function parseDirectoryEntries(bytes: Uint8Array): readonly DirectoryEntry[] {
  const reader = new MessageReader(bytes, 0);
  const entries: DirectoryEntry[] = [];
  while (reader.left > 0) {
    entries.push({ qid: qid.read(reader), offset: reader.u64(), kind: reader.u8(), name: reader.text() });
  }
  return entries;
}
