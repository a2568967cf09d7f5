import { unsoundTar } from './tar-entry';

/** Bytes of a header; bodies are padded to a multiple of it. */
export const tarBlock = 512;

/** A header as it stands there, before extended headers change it. */
export interface TarHeader {
  /** Character code of the type flag. */
  readonly type: number;
  readonly path: Uint8Array;
  readonly target: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes that follow, without padding. */
  readonly size: number;
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
}

/** Offset and length of each field (POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar's manual, "Standard"). */
const fields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  linkName: [157, 100],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;
const typeAt = 156;
const magicAt = 257;
const magicLength = 8;
const space = 0x20;
const digitZero = 0x30;

/**
 * Reads the header in a block of 512 bytes. `at` is where it is, for the error.
 * Errors: `InvalidArgument` when the checksum or a number is wrong.
 */
export function parseTarHeader(block: Uint8Array, at: number): TarHeader {
  if (!hasChecksum(block, numberIn(block, 'checksum', at))) throw unsoundTar('the checksum of a header is wrong', at);
  const magic = String.fromCharCode(...block.subarray(magicAt, magicAt + magicLength));
  // GNU's magic is "ustar  \0": what POSIX has as the prefix are its times and its sparse map.
  const prefix = magic === 'ustar\x0000' ? bytesIn(block, 'prefix') : new Uint8Array();
  const hasDevice = magic.startsWith('ustar');
  return {
    type: block[typeAt] ?? 0,
    path: prefix.length > 0 ? joinPath(prefix, bytesIn(block, 'name')) : bytesIn(block, 'name'),
    target: bytesIn(block, 'linkName'),
    mode: numberIn(block, 'mode', at) & 0o7777,
    uid: numberIn(block, 'uid', at),
    gid: numberIn(block, 'gid', at),
    size: numberIn(block, 'size', at),
    mtime: numberIn(block, 'mtime', at),
    major: hasDevice ? numberIn(block, 'major', at) : 0,
    minor: hasDevice ? numberIn(block, 'minor', at) : 0,
  };
}

export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Octal digits between spaces and zeros, or GNU's form for large and negative numbers: the highest bit set, then
 * two's complement, big-endian. Undefined for anything else, and beyond 2^53.
 */
export function parseTarNumber(field: Uint8Array): number | undefined {
  const first = field[0] ?? 0;
  if (first & 0x80) {
    // The seven bits that are left of the first byte; the highest of them is the sign.
    let value = first & 0x40 ? (first & 0x7f) - 0x80 : first & 0x7f;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  return parseOctal(field);
}

function parseOctal(field: Uint8Array): number | undefined {
  let [value, begun] = [0, false];
  for (const byte of field) {
    if (byte === space || byte === 0) {
      if (begun) break;
    } else if (byte >= digitZero && byte < digitZero + 8) {
      value = value * 8 + byte - digitZero;
      begun = true;
    } else return undefined;
  }
  return value;
}

/** The bytes before the first zero. */
export function untilZero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

function numberIn(block: Uint8Array, field: keyof typeof fields, at: number): number {
  const [offset, length] = fields[field];
  const value = parseTarNumber(block.subarray(offset, offset + length));
  if (value === undefined) throw unsoundTar(`the ${field} of a header is no number`, at);
  return value;
}

function bytesIn(block: Uint8Array, field: keyof typeof fields): Uint8Array {
  const [offset, length] = fields[field];
  return untilZero(block.subarray(offset, offset + length));
}

/** The sum of all bytes, with the checksum itself as spaces. Some old programs took the bytes as signed. */
function hasChecksum(block: Uint8Array, expected: number): boolean {
  const [from, length] = fields.checksum;
  let sum = length * space;
  for (let at = 0; at < from; at += 1) sum += block[at] as number;
  for (let at = from + length; at < tarBlock; at += 1) sum += block[at] as number;
  if (sum === expected) return true;
  const high = block.reduce((count, byte, at) => (at < from || at >= from + length ? count + (byte >> 7) : count), 0);
  return sum - high * 256 === expected;
}

function joinPath(prefix: Uint8Array, name: Uint8Array): Uint8Array {
  const joined = new Uint8Array(prefix.length + 1 + name.length);
  joined.set(prefix);
  joined[prefix.length] = 0x2f;
  joined.set(name, prefix.length + 1);
  return joined;
}
