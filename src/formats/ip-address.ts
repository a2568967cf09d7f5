import { SandboxError } from '../base/errors';

/** Bytes of an address: four for IPv4, sixteen for IPv6 (RFC 4291, 2.2; no zone). `InvalidArgument` for anything else. */
export function parseIpAddress(text: string): Uint8Array<ArrayBuffer> {
  const bytes = text.includes(':') ? parseV6(text) : parseV4(text);
  if (!bytes) throw new SandboxError('InvalidArgument', `Not an IP address: "${text.slice(0, 80)}"`);
  return bytes;
}

/** The text of an address, for IPv6 in the form of RFC 5952. */
export function serializeIpAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16)
    throw new SandboxError('InvalidArgument', `An IP address has 4 or 16 bytes, not ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(2 * index).toString(16));
  const zeros = longestZeros(groups);
  if (zeros.length < 2) return groups.join(':');
  return `${groups.slice(0, zeros.start).join(':')}::${groups.slice(zeros.start + zeros.length).join(':')}`;
}

/** An IPv4 address as a whole number of 32 bits. `InvalidArgument` for anything else. */
export function addressNumber(text: string): number {
  const bytes = text.includes(':') ? undefined : parseV4(text);
  if (!bytes) throw new SandboxError('InvalidArgument', `Not an IPv4 address: "${text.slice(0, 80)}"`);
  return new DataView(bytes.buffer).getUint32(0);
}

/** The reverse of {@link addressNumber}. */
export function addressText(address: number): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, address);
  return bytes.join('.');
}

function parseV4(text: string): Uint8Array<ArrayBuffer> | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return Uint8Array.from(parts, Number);
}

function parseV6(text: string): Uint8Array<ArrayBuffer> | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':').flatMap(parseGroup)));
  if (!head || [...head, ...(tail ?? [])].includes(-1)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Groups of one part: two when it is the IPv4 form, -1 when it is none. */
function parseGroup(part: string, index: number, parts: readonly string[]): number[] {
  if (/^[0-9a-fA-F]{1,4}$/.test(part)) return [Number.parseInt(part, 16)];
  const v4 = index === parts.length - 1 ? parseV4(part) : undefined;
  if (!v4) return [-1];
  const [a = 0, b = 0, c = 0, d = 0] = v4;
  return [(a << 8) | b, (c << 8) | d];
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === '0') length += 1;
    if (length > best.length) best = { start, length };
  }
  return best;
}
