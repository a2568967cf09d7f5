import { SandboxError } from '../../base/errors';
import type { PacketReader } from './packet-reader';
import { PacketWriter } from './packet-writer';

/** Bytes of a label, and of a whole name with its lengths (RFC 1035, 2.3.4). */
const maxLabelBytes = 63;
const maxNameBytes = 255;

/** A name of 127 labels cannot be spread over more places than this in any message that means well. */
const maxJumps = 64;

const pointerMark = 0xc0;
const maxPointer = 0x3fff;

/**
 * Reads a name (RFC 1035, 3.1 and 4.1.4) as text without a dot at its end; the root is empty. Bytes that would be
 * mistaken stand there as `\.`, `\\` and `\007` (RFC 1035, 5.1). A pointer leads backwards, or the name is refused.
 */
export function readDnsName(reader: PacketReader): string {
  const labels: string[] = [];
  let length = 1;
  let jumps = 0;
  let after: number | undefined;
  let start = reader.offset;
  for (let size = reader.u8(); size !== 0; size = reader.u8()) {
    if (size >= pointerMark) {
      const target = (size - pointerMark) * 256 + reader.u8();
      after ??= reader.offset;
      jumps += 1;
      if (target >= start || jumps > maxJumps) reader.fail('a name in it leads round in a circle');
      start = target;
      reader.offset = target;
      continue;
    }
    if (size > maxLabelBytes) reader.fail('a label in it is of an unknown kind');
    length += size + 1;
    if (length > maxNameBytes) reader.fail('a name in it is longer than 255 bytes');
    labels.push(labelText(reader.bytes(size)));
  }
  if (after !== undefined) reader.offset = after;
  return labels.join('.');
}

/** Writes names, each as far as it stands in the message already by a pointer to there (RFC 1035, 4.1.4). */
export class DnsNameWriter {
  readonly #writer: PacketWriter;
  readonly #places = new Map<string, number>();

  constructor(writer: PacketWriter) {
    this.#writer = writer;
  }

  /** `InvalidArgument` for what is no name. Where readers may not know the record's type it is written in full. */
  write(name: string, compressed = true): void {
    const labels = parseDnsName(name);
    for (let index = 0; index < labels.length; index += 1) {
      const suffix = labels.slice(index).map(labelText).join('.');
      const place = compressed ? this.#places.get(suffix) : undefined;
      if (place !== undefined) {
        this.#writer.u16((pointerMark << 8) | place);
        return;
      }
      if (this.#writer.length <= maxPointer) this.#places.set(suffix, this.#writer.length);
      const label = labels[index] ?? new Uint8Array(0);
      this.#writer.u8(label.length).bytes(label);
    }
    this.#writer.u8(0);
  }
}

/** The labels of a name as text; a dot at its end is allowed. `InvalidArgument` for what is none. */
function parseDnsName(name: string): Uint8Array[] {
  if (name === '' || name === '.') return [];
  const labels: number[][] = [[]];
  const pattern = /\\(\d{3})|\\([\x20-\x7e])|(\.)|([\x20-\x5b\x5d-\x7e])/gy;
  let length = 0;
  for (const [match, decimal, escaped, dot, plain] of name.matchAll(pattern)) {
    length += match.length;
    if (dot !== undefined) labels.push([]);
    else labels.at(-1)?.push(decimal === undefined ? (escaped ?? plain ?? '').charCodeAt(0) : Number(decimal));
  }
  if (labels.at(-1)?.length === 0) labels.pop();
  const bytes = labels.reduce((sum, label) => sum + label.length + 1, 1);
  const sound = labels.every((label) => label.length > 0 && label.length <= maxLabelBytes && Math.max(...label) < 256);
  if (length !== name.length || !sound || bytes > maxNameBytes) {
    throw new SandboxError('InvalidArgument', `Not a domain name: ${JSON.stringify(name.slice(0, 80))}`);
  }
  return labels.map((label) => Uint8Array.from(label));
}

function labelText(label: Uint8Array): string {
  let text = '';
  for (const byte of label) {
    if (byte === 0x2e || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${byte.toString().padStart(3, '0')}`;
  }
  return text;
}

/** A name alone, as DHCP's domain search list has it (RFC 3397, 2). */
export function serializeDnsName(name: string): Uint8Array<ArrayBuffer> {
  const writer = new PacketWriter();
  new DnsNameWriter(writer).write(name);
  return writer.finish();
}
