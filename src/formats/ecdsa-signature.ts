import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';

/** Bytes of each of the two numbers of a signature on P-256. */
const numberBytes = 32;

const sequence = 0x30;
const integer = 0x02;

/**
 * The two numbers r and s, 32 bytes each, as WebCrypto has them, from `SEQUENCE { INTEGER, INTEGER }` in DER as everybody
 * else has them (RFC 3279, section 2.2.3). `InvalidArgument` for anything but the one encoding that DER allows.
 */
export function parseEcdsaSignature(der: Uint8Array): Uint8Array<ArrayBuffer> {
  // With P-256 no length needs more than one byte.
  if (der[0] !== sequence || der[1] !== der.length - 2) throw malformed();
  const r = readInteger(der, 2);
  const s = readInteger(der, r.end);
  if (s.end !== der.length) throw malformed();
  return concatBytes([r.bytes, s.bytes]);
}

/** The other half of {@link parseEcdsaSignature}. */
export function serializeEcdsaSignature(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  if (raw.length !== 2 * numberBytes) throw malformed();
  const body = concatBytes([writeInteger(raw.subarray(0, numberBytes)), writeInteger(raw.subarray(numberBytes))]);
  return concatBytes([Uint8Array.of(sequence, body.length), body]);
}

function readInteger(der: Uint8Array, at: number): { readonly bytes: Uint8Array; readonly end: number } {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  if (der[at] !== integer || length === 0 || end > der.length) throw malformed();
  const content = der.subarray(at + 2, end);
  const [first = 0, second = 0] = content;
  // Positive, and with no more zeros in front than the sign needs.
  if (first >= 0x80 || (first === 0 && length > 1 && second < 0x80)) throw malformed();
  const digits = first === 0 ? content.subarray(1) : content;
  if (digits.length > numberBytes) throw malformed();
  const bytes = new Uint8Array(numberBytes);
  bytes.set(digits, numberBytes - digits.length);
  return { bytes, end };
}

function writeInteger(number: Uint8Array): Uint8Array {
  const first = number.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Uint8Array.of(0) : number.subarray(first);
  const sign = (digits[0] ?? 0) >= 0x80 ? [Uint8Array.of(0)] : [];
  return concatBytes([Uint8Array.of(integer, digits.length + sign.length), ...sign, digits]);
}

function malformed(): SandboxError {
  return new SandboxError('InvalidArgument', 'Not an ECDSA signature on P-256 in DER');
}
