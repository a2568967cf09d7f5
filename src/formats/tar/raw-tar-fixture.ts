import { concatBytes } from '../../base/bytes';

/** A header as tests want it, however wrong. Texts are latin-1: one byte for each character. */
export interface RawEntry {
  readonly name: string;
  readonly type?: string;
  readonly body?: Uint8Array | string;
  /** As written in the header; the length of the body unless given. */
  readonly size?: number | string;
  readonly target?: string;
  readonly prefix?: string;
  readonly mode?: string;
  readonly uid?: string;
  readonly mtime?: string;
  readonly major?: string;
  readonly minor?: string;
  readonly magic?: string;
  readonly checksum?: string;
  /** Written over the header, before its checksum. */
  readonly patch?: readonly (readonly [at: number, bytes: Uint8Array | string])[];
}

const block = 512;

export const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Header and padded body of each, without the two blocks at the end. */
export function rawTar(entries: readonly RawEntry[]): Uint8Array<ArrayBuffer> {
  return concatBytes(entries.flatMap((entry) => [rawHeader(entry), paddedBody(entry.body ?? '')]));
}

export const tarEnd = new Uint8Array(2 * block);

export function rawHeader(entry: RawEntry): Uint8Array<ArrayBuffer> {
  const { name, type = '0', body = '', target = '', prefix = '', magic = 'ustar\x0000' } = entry;
  const { size = bytesOf(body).length, mode = '0000644', uid = '0000000', mtime = '00000000000' } = entry;
  const header = new Uint8Array(block);
  const put = (at: number, text: Uint8Array | string): void => header.set(bytesOf(text), at);
  put(0, name.slice(0, 100));
  put(100, mode);
  put(108, uid);
  put(116, '0000000');
  put(124, typeof size === 'number' ? size.toString(8).padStart(11, '0') : size);
  put(136, mtime);
  put(156, type);
  put(157, target.slice(0, 100));
  put(257, magic);
  put(329, entry.major ?? '0000000');
  put(337, entry.minor ?? '0000000');
  put(345, prefix);
  for (const [at, bytes] of entry.patch ?? []) put(at, bytes);
  put(148, '        ');
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, entry.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `);
  return header;
}

/** A pax header in front of the next entry. Values may be bytes. */
export function paxEntry(records: Readonly<Record<string, string | Uint8Array>>, type = 'x'): RawEntry {
  const body = concatBytes(Object.entries(records).map(([key, value]) => paxRecord(key, bytesOf(value))));
  return { name: 'PaxHeaders/x', type, body };
}

export function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = concatBytes([latin1(` ${key}=`), value, latin1('\n')]);
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return concatBytes([latin1(String(length)), rest]);
}

export function bytesOf(value: Uint8Array | string): Uint8Array {
  return typeof value === 'string' ? latin1(value) : value;
}

function paddedBody(body: Uint8Array | string): Uint8Array {
  const bytes = bytesOf(body);
  const padded = new Uint8Array(Math.ceil(bytes.length / block) * block);
  padded.set(bytes);
  return padded;
}
