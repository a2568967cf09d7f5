import { fileError } from './linux-errno';

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Stands for a byte that is no UTF-8, 0x80 to 0xff. */
const escapeBase = 0xdc00;

/**
 * A name as a text. Names of files are bytes on Linux; each byte that is no part of sound UTF-8 becomes a lone
 * surrogate, U+DC80 to U+DCFF (Python's `surrogateescape`, PEP 383), so that {@link serializeFileName} gives the
 * same bytes again.
 */
export function parseFileName(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return parseByPieces(bytes);
  }
}

/** The bytes of a name; the other half of {@link parseFileName}. */
export function serializeFileName(name: string): Uint8Array<ArrayBuffer> {
  if (!/[\udc80-\udcff]/u.test(name)) return encoder.encode(name);
  const bytes: number[] = [];
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= escapeBase + 0x80 && code <= escapeBase + 0xff) bytes.push(code - escapeBase);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

/** Longest name of a file (NAME_MAX), in bytes of UTF-8. */
const maxNameBytes = 255;

/** EINVAL or ENAMETOOLONG for what cannot name a file. */
export function requireName(name: string): string {
  const invalid = name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0');
  if (invalid) throw fileError('EINVAL', `Not a name of a file: ${JSON.stringify(name.slice(0, 80))}`);
  if (serializeFileName(name).length > maxNameBytes) {
    throw fileError('ENAMETOOLONG', `A name of more than ${maxNameBytes} bytes: ${name.slice(0, 80)}…`);
  }
  return name;
}

/** Below the surrogates the order of code units is that of the bytes. */
const firstSurrogate = 0xd800;

/** The order of the names' bytes, for `sort`. */
export function compareFileNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left === right) continue;
    if (left < firstSurrogate && right < firstSurrogate) return left - right;
    return compareBytes(serializeFileName(a), serializeFileName(b));
  }
  return a.length - b.length;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at === -1 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}

function parseByPieces(bytes: Uint8Array): string {
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] ?? 0);
    const piece = bytes.subarray(at, at + length);
    const text = piece.length === length ? decodeStrictly(piece) : undefined;
    name += text ?? String.fromCharCode(escapeBase + (bytes[at] ?? 0));
    at += text === undefined ? 1 : length;
  }
  return name;
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Bytes of a UTF-8 sequence by its first byte. */
function sequenceLength(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
