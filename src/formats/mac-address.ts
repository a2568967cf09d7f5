import { toHex } from '../base/bytes';
import { SandboxError } from '../base/errors';

const pattern = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;

/** The six bytes of `02:5e:00:00:00:01`. `InvalidArgument` for anything else. */
export function parseMacAddress(text: string): Uint8Array<ArrayBuffer> {
  if (!pattern.test(text)) {
    const example = 'it is six pairs of hex digits, such as 02:5e:00:00:00:01';
    throw new SandboxError('InvalidArgument', `Not a MAC address: "${text.slice(0, 80)}"; ${example}`);
  }
  return Uint8Array.from(text.split(':'), (pair) => Number.parseInt(pair, 16));
}

/** Lower case, with colons. */
export function serializeMacAddress(bytes: Uint8Array): string {
  if (bytes.length !== 6) throw new SandboxError('InvalidArgument', `A MAC address has 6 bytes, not ${bytes.length}`);
  return toHex(bytes, ':');
}

/** A random unicast address with the "locally administered" bit (IEEE 802, 8.2). */
export function randomMacAddress(randomBytes: (count: number) => Uint8Array): Uint8Array<ArrayBuffer> {
  const mac = Uint8Array.from(randomBytes(6).subarray(0, 6));
  mac[0] = ((mac[0] ?? 0) & 0xfc) | 0x02;
  return mac;
}

/** Locally administered, made of an IPv4 address, as docker makes them: its four bytes are the last ones. */
export function addressMac(address: number): string {
  const bytes = [0x02, 0x42, address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff];
  return serializeMacAddress(Uint8Array.from(bytes));
}
