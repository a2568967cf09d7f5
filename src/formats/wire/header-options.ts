import type { PacketReader } from './packet-reader';
import { PacketWriter } from './packet-writer';

/** One option of an IPv4 header (RFC 791, 3.1) or a TCP header (RFC 9293, 3.1): both have the same form. */
export interface HeaderOption {
  readonly kind: number;
  /** Empty for "no operation". */
  readonly data: Uint8Array<ArrayBuffer>;
}

const endOfList = 0;
const noOperation = 1;

/** Reads the options in the next `length` bytes. What is behind the end of the list is padding. */
export function readHeaderOptions(reader: PacketReader, length: number): HeaderOption[] {
  const end = reader.offset + length;
  const options: HeaderOption[] = [];
  while (reader.offset < end) {
    const kind = reader.u8();
    if (kind === endOfList) break;
    if (kind === noOperation) {
      options.push({ kind, data: new Uint8Array(0) });
      continue;
    }
    const size = reader.offset < end ? reader.u8() : 0;
    if (size < 2 || reader.offset + size - 2 > end) reader.fail(`option ${kind} has a wrong length`);
    options.push({ kind, data: reader.bytes(size - 2) });
  }
  reader.offset = end;
  return options;
}

/** The options, filled up with zeros to a multiple of four bytes. */
export function serializeHeaderOptions(options: readonly HeaderOption[]): Uint8Array<ArrayBuffer> {
  const writer = new PacketWriter();
  for (const { kind, data } of options) {
    writer.u8(kind);
    if (kind !== noOperation) writer.u8(data.length + 2).bytes(data);
  }
  return writer.zeros(-writer.length & 3).finish();
}
