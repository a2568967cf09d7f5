import { parseFileName } from '../file-name';
import { unsoundTar } from './tar-entry';

/** What an extended header says of the entry behind it (POSIX.1-2017, pax, "pax Extended Header"). */
export interface PaxRecords {
  /** The last value of each key; an empty one is left out, as it takes nothing back that came before it here. */
  readonly values: ReadonlyMap<string, Uint8Array>;
  /** `GNU.sparse.offset` and `GNU.sparse.numbytes` in turn, which come again and again (GNU's sparse format 0.0). */
  readonly sparse: readonly number[];
}

export const noPaxRecords: PaxRecords = { values: new Map(), sparse: [] };

const xattrPrefix = 'SCHILY.xattr.';
const equals = 0x3d;
const newline = 0x0a;

/** Reads the body of an extended header, where each record is `<length> <key>=<value>\n`. Errors: `InvalidArgument`. */
export function parsePaxRecords(body: Uint8Array, at: number): PaxRecords {
  const values = new Map<string, Uint8Array>();
  const sparse: number[] = [];
  for (let from = 0; from < body.length; ) {
    const { key, value, end } = readRecord(body, from, at);
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') sparse.push(readCount(value, key, at));
    else if (value.length === 0) values.delete(key);
    else values.set(key, value);
    from = end;
  }
  return { values, sparse };
}

/** Records that came later win. */
export function mergePaxRecords(earlier: PaxRecords, later: PaxRecords): PaxRecords {
  return { values: new Map([...earlier.values, ...later.values]), sparse: [...earlier.sparse, ...later.sparse] };
}

/** Extended attributes by name; undefined when there are none. Their values are bytes. */
export function paxXattrs({ values }: PaxRecords): ReadonlyMap<string, Uint8Array> | undefined {
  const found = [...values].filter(([key]) => key.startsWith(xattrPrefix) && key.length > xattrPrefix.length);
  if (found.length === 0) return undefined;
  // Copies (`slice` of Node's Buffer makes none): the values are parts of a buffer that is used again.
  return new Map(found.map(([key, value]) => [key.slice(xattrPrefix.length), new Uint8Array(value)]));
}

/** A path or a name. `InvalidArgument` with a zero in it, where C would see its end. */
export function paxText({ values }: PaxRecords, key: string, at: number): string | undefined {
  const value = values.get(key);
  if (value?.includes(0)) throw unsoundTar(`a zero byte in the ${key} of an extended header`, at);
  return value && parseFileName(value);
}

/** A whole number that is not negative. */
export function paxCount({ values }: PaxRecords, key: string, at: number): number | undefined {
  const value = values.get(key);
  return value && readCount(value, key, at);
}

/** Seconds, with fractions. */
export function paxTime({ values }: PaxRecords, key: string, at: number): number | undefined {
  const value = values.get(key);
  if (!value) return undefined;
  const text = String.fromCharCode(...value.subarray(0, 40));
  if (value.length > 40 || !/^-?\d{1,15}(\.\d*)?$/.test(text))
    throw unsoundTar(`the ${key} of an extended header is no time`, at);
  return Number(text);
}

interface PaxRecord {
  readonly key: string;
  readonly value: Uint8Array;
  readonly end: number;
}

function readRecord(body: Uint8Array, from: number, at: number): PaxRecord {
  let length = 0;
  let cursor = from;
  for (; isDigit(body[cursor]) && cursor - from < 8; cursor += 1) length = length * 10 + (body[cursor] ?? 0) - 0x30;
  const end = from + length;
  const separator = body.indexOf(equals, cursor + 1);
  const sound = body[cursor] === 0x20 && separator > cursor + 1 && separator < end && body[end - 1] === newline;
  if (!sound) throw unsoundTar('an extended header is damaged', at);
  return {
    key: parseFileName(body.subarray(cursor + 1, separator)),
    value: body.subarray(separator + 1, end - 1),
    end,
  };
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function readCount(value: Uint8Array, key: string, at: number): number {
  const text = String.fromCharCode(...value.subarray(0, 20));
  const count = value.length <= 16 && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count)) throw unsoundTar(`the ${key} of an extended header is no number`, at);
  return count;
}
