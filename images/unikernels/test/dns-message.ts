/** A DNS message as text, for tests: its flags and, section by section, "name TYPE data". */
export interface DnsMessage {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly length: number;
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
}

export const dnsTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  OPT: 41,
  AXFR: 252,
  ANY: 255,
} as const;
export type DnsType = keyof typeof dnsTypes;

/** A query in hex. `size` adds an OPT record. */
export function dnsQuery(name: string, type: DnsType, size?: number): string {
  const labels = name.split('.').filter((label) => label !== '');
  const wire = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]));
  const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, size === undefined ? 0 : 1]);
  const opt = size === undefined ? [] : [0, 0, 41, size >> 8, size & 255, 0, 0, 0, 0, 0, 0];
  return Buffer.concat([header, ...wire, Buffer.from([0, 0, dnsTypes[type], 0, 1, ...opt])]).toString('hex');
}

/** Reads a message by RFC 1035, independent of the writer. */
export function readDnsMessage(hex: string): DnsMessage {
  const bytes = Buffer.from(hex, 'hex');
  const flags = bytes.readUInt16BE(2);
  let at = 12;
  const name = (from: number): readonly [string, number] => {
    let [text, end, here] = ['', 0, from];
    for (let jumps = 0; bytes[here] !== 0; ) {
      const length = bytes.readUInt8(here);
      if (length >= 0xc0) {
        if (end === 0) end = here + 2;
        here = bytes.readUInt16BE(here) & 0x3fff;
        if (++jumps > 20) throw new Error('a name goes round in circles');
      } else {
        text += `${bytes.toString('latin1', here + 1, here + 1 + length)}.`;
        here += length + 1;
      }
    }
    return [text || '.', end || here + 1];
  };
  for (let i = bytes.readUInt16BE(4); i > 0; i -= 1) at = name(at)[1] + 4;
  const data = (type: number, from: number, length: number): string => {
    if (type === 1) return [...bytes.subarray(from, from + 4)].join('.');
    if (type === 15) return `${bytes.readUInt16BE(from)} ${name(from + 2)[0]}`;
    if (type === 16 || type === 41) return JSON.stringify(bytes.toString('latin1', from, from + length));
    const [first, next] = name(from);
    return type === 6 ? `${first} ${name(next)[0]} ${bytes.readUInt32BE(from + length - 4)}` : first;
  };
  const section = (count: number): readonly string[] =>
    Array.from({ length: count }, () => {
      const [owner, next] = name(at);
      const [type, ttl, length] = [
        bytes.readUInt16BE(next),
        bytes.readUInt32BE(next + 4),
        bytes.readUInt16BE(next + 8),
      ];
      const typeName = Object.entries(dnsTypes).find(([, number]) => number === type)?.[0] ?? String(type);
      at = next + 10 + length;
      return `${owner} ${ttl} ${typeName} ${data(type, next + 10, length)}`;
    });
  const [answer, authority, additional] = [6, 8, 10].map((offset) => section(bytes.readUInt16BE(offset)));
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes follow the message`);
  return {
    rcode: flags & 15,
    authoritative: (flags & 0x400) !== 0,
    truncated: (flags & 0x200) !== 0,
    length: bytes.length,
    answer: answer ?? [],
    authority: authority ?? [],
    additional: additional ?? [],
  };
}
