import { SandboxError } from '../../base/errors';
import { parseIpAddress, serializeIpAddress } from '../ip-address';
import { DnsNameWriter, readDnsName } from './dns-name';
import { PacketReader } from './packet-reader';
import { PacketWriter } from './packet-writer';

/** Types of records (RFC 1035, 3.2.2; RFC 3596; RFC 2782; RFC 6891). */
export const dnsType = {
  a: 1,
  ns: 2,
  cname: 5,
  soa: 6,
  ptr: 12,
  mx: 15,
  txt: 16,
  aaaa: 28,
  srv: 33,
  opt: 41,
  any: 255,
} as const;

export const dnsClass = { internet: 1 } as const;

/** RFC 1035, 4.1.1; RFC 6891, 9 for the last. */
export const dnsCode = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const;

/** What every resolver takes over UDP without EDNS (RFC 1035, 4.2.1). */
export const plainUdpBytes = 512;
const maxMessageBytes = 65_535;

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

/** What a record says; `other` is of a type that is not looked into. */
export type DnsData =
  | { readonly kind: 'address'; readonly address: string }
  /** NS, CNAME or PTR. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'mx'; readonly preference: number; readonly exchange: string }
  | { readonly kind: 'txt'; readonly texts: readonly Uint8Array<ArrayBuffer>[] }
  | {
      readonly kind: 'srv';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | {
      readonly kind: 'soa';
      readonly primary: string;
      readonly mailbox: string;
      readonly serial: number;
      /** Seconds, like the next three. */
      readonly refresh: number;
      readonly retry: number;
      readonly expire: number;
      /** How long a negative answer may be kept (RFC 2308, 4). */
      readonly minimum: number;
    }
  | { readonly kind: 'other'; readonly bytes: Uint8Array<ArrayBuffer> };

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Seconds. */
  readonly ttl: number;
  readonly data: DnsData;
}

/** What the OPT record says (RFC 6891, 6.1). */
export interface Edns {
  /** Bytes that its sender takes over UDP. */
  readonly udpBytes: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  /** Options as they stand there. */
  readonly options: Uint8Array<ArrayBuffer>;
}

/** A DNS message (RFC 1035, 4.1). */
export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  /** AD and CD (RFC 4035, 3.1.6 and 3.2.2). */
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  /** Four bits, or twelve with EDNS. */
  readonly code: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** Without the OPT record. */
  readonly additionals: readonly DnsRecord[];
  readonly edns?: Edns;
}

/** `InvalidArgument` for what is none: too short, a name in a circle, a record that does not fit its type. */
export function parseDns(bytes: Uint8Array): DnsMessage {
  const reader = new PacketReader(bytes, 'a DNS message');
  const id = reader.u16();
  const flags = reader.u16();
  const [questionCount, ...counts] = [reader.u16(), reader.u16(), reader.u16(), reader.u16()];
  const questions = Array.from({ length: checkCount(reader, questionCount ?? 0, 5) }, () => readQuestion(reader));
  let edns: (Edns & { readonly code: number }) | undefined;
  const [answers = [], authorities = [], additionals = []] = counts.map((count, section) => {
    const records: DnsRecord[] = [];
    for (let left = checkCount(reader, count, 11); left > 0; left -= 1) {
      const name = readDnsName(reader);
      const type = reader.u16();
      if (type !== dnsType.opt) records.push(readRecord(reader, name, type));
      else if (section !== 2 || name !== '' || edns) reader.fail('its OPT record is out of place');
      else edns = readEdns(reader);
    }
    return records;
  });
  const { code: extendedCode = 0, ...options } = edns ?? {};
  return {
    id,
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    code: (extendedCode << 4) | (flags & 15),
    questions,
    answers,
    authorities,
    additionals,
    ...(edns && { edns: options as Edns }),
  };
}

/**
 * At most `maxBytes` long: a message that is longer is sent without its records and with the truncation bit, so that
 * its reader asks again over TCP (RFC 2181, 9). `InvalidArgument` for values that cannot be written.
 */
export function serializeDns(message: DnsMessage, maxBytes = maxMessageBytes): Uint8Array<ArrayBuffer> {
  const whole = write(message);
  if (whole.length <= maxBytes) return whole;
  const cut = write({ ...message, truncated: true, answers: [], authorities: [], additionals: [] });
  if (cut.length <= maxBytes) return cut;
  throw new SandboxError('InvalidArgument', `A DNS message of ${cut.length} bytes does not fit ${maxBytes}`);
}

/** More records than there are bytes for are not begun with. */
function checkCount(reader: PacketReader, count: number, shortest: number): number {
  if (count * shortest > reader.left) reader.fail(`${count} records do not fit it`);
  return count;
}

function readQuestion(reader: PacketReader): DnsQuestion {
  return { name: readDnsName(reader), type: reader.u16(), class: reader.u16() };
}

function readRecord(reader: PacketReader, name: string, type: number): DnsRecord {
  const recordClass = reader.u16();
  const ttl = reader.u32();
  const length = reader.u16();
  const end = reader.offset + length;
  if (length > reader.left) reader.fail('a record in it is cut off');
  const data = readData(reader, type, length);
  if (reader.offset !== end) reader.fail(`a record of type ${type} has a wrong length`);
  return { name, type, class: recordClass, ttl, data };
}

function readData(reader: PacketReader, type: number, length: number): DnsData {
  switch (type) {
    case dnsType.a:
      return { kind: 'address', address: serializeIpAddress(reader.bytes(4)) };
    case dnsType.aaaa:
      return { kind: 'address', address: serializeIpAddress(reader.bytes(16)) };
    case dnsType.ns:
    case dnsType.cname:
    case dnsType.ptr:
      return { kind: 'name', name: readDnsName(reader) };
    case dnsType.mx:
      return { kind: 'mx', preference: reader.u16(), exchange: readDnsName(reader) };
    case dnsType.txt:
      return { kind: 'txt', texts: readTexts(reader, length) };
    case dnsType.srv: {
      const [priority, weight, port] = [reader.u16(), reader.u16(), reader.u16()];
      return { kind: 'srv', priority, weight, port, target: readDnsName(reader) };
    }
    case dnsType.soa: {
      const [primary, mailbox] = [readDnsName(reader), readDnsName(reader)];
      const [serial, refresh, retry] = [reader.u32(), reader.u32(), reader.u32()];
      return { kind: 'soa', primary, mailbox, serial, refresh, retry, expire: reader.u32(), minimum: reader.u32() };
    }
    default:
      return { kind: 'other', bytes: reader.bytes(length) };
  }
}

function readTexts(reader: PacketReader, length: number): Uint8Array<ArrayBuffer>[] {
  const end = reader.offset + length;
  const texts: Uint8Array<ArrayBuffer>[] = [];
  while (reader.offset < end) texts.push(reader.bytes(reader.u8()));
  return texts;
}

function readEdns(reader: PacketReader): Edns & { readonly code: number } {
  const udpBytes = reader.u16();
  const code = reader.u8();
  const version = reader.u8();
  const dnssecOk = (reader.u16() & 0x8000) !== 0;
  return { udpBytes, code, version, dnssecOk, options: reader.bytes(reader.u16()) };
}

function write(message: DnsMessage): Uint8Array<ArrayBuffer> {
  const { questions, answers, authorities, additionals, edns } = message;
  const writer = new PacketWriter();
  const names = new DnsNameWriter(writer);
  writer.u16(message.id).u16(flagsOf(message)).u16(questions.length).u16(answers.length);
  writer.u16(authorities.length).u16(additionals.length + (edns ? 1 : 0));
  for (const question of questions) {
    names.write(question.name);
    writer.u16(question.type).u16(question.class);
  }
  for (const record of [...answers, ...authorities, ...additionals]) writeRecord(writer, names, record);
  if (edns) {
    writer
      .u8(0)
      .u16(dnsType.opt)
      .u16(edns.udpBytes)
      .u8(message.code >> 4)
      .u8(edns.version);
    writer
      .u16(edns.dnssecOk ? 0x8000 : 0)
      .u16(edns.options.length)
      .bytes(edns.options);
  }
  return writer.finish();
}

function flagsOf(message: DnsMessage): number {
  return (
    (message.response ? 0x8000 : 0) |
    (message.opcode << 11) |
    (message.authoritative ? 0x0400 : 0) |
    (message.truncated ? 0x0200 : 0) |
    (message.recursionDesired ? 0x0100 : 0) |
    (message.recursionAvailable ? 0x0080 : 0) |
    (message.authenticData ? 0x0020 : 0) |
    (message.checkingDisabled ? 0x0010 : 0) |
    (message.code & 15)
  );
}

function writeRecord(writer: PacketWriter, names: DnsNameWriter, record: DnsRecord): void {
  names.write(record.name);
  writer.u16(record.type).u16(record.class).u32(record.ttl).u16(0);
  const start = writer.length;
  writeData(writer, names, record.data);
  if (writer.length - start > 0xffff) {
    throw new SandboxError('InvalidArgument', `A record of ${record.name} is longer than 65535 bytes`);
  }
  writer.setU16(start - 2, writer.length - start);
}

function writeData(writer: PacketWriter, names: DnsNameWriter, data: DnsData): void {
  switch (data.kind) {
    case 'address':
      writer.bytes(parseIpAddress(data.address));
      return;
    case 'name':
      names.write(data.name);
      return;
    case 'mx':
      writer.u16(data.preference);
      names.write(data.exchange);
      return;
    case 'txt':
      for (const text of data.texts) writeText(writer, text);
      return;
    case 'srv':
      writer.u16(data.priority).u16(data.weight).u16(data.port);
      // RFC 2782: never compressed.
      names.write(data.target, false);
      return;
    case 'soa':
      names.write(data.primary);
      names.write(data.mailbox);
      for (const value of [data.serial, data.refresh, data.retry, data.expire, data.minimum]) writer.u32(value);
      return;
    case 'other':
      writer.bytes(data.bytes);
  }
}

function writeText(writer: PacketWriter, text: Uint8Array): void {
  if (text.length > 255) throw new SandboxError('InvalidArgument', `A text of ${text.length} bytes is too long`);
  writer.u8(text.length).bytes(text);
}
