import { concatBytes } from '../base/bytes';

/** Messages that Linux's kernel takes over netlink (man 7 netlink), on a little-endian machine. */

/** `NLM_F_…`. */
export const netlinkFlags = { request: 0x001, create: 0x400, append: 0x800 } as const;

/** `NLA_F_NESTED`: the value is attributes. */
const nested = 0x8000;

/** Of a type; its value is bytes, or more attributes. */
export interface NetlinkAttribute {
  readonly type: number;
  readonly value: Uint8Array | readonly NetlinkAttribute[];
}

/** Headers and values begin at multiples of four. */
const alignment = 4;

export function serializeNetlinkMessage(
  type: number,
  flags: number,
  header: Uint8Array,
  attributes: readonly NetlinkAttribute[] = [],
): Uint8Array<ArrayBuffer> {
  const body = concatBytes([header, ...attributes.map(serializeAttribute)]);
  const start = new DataView(new ArrayBuffer(16));
  start.setUint32(0, 16 + body.length, true);
  start.setUint16(4, type, true);
  start.setUint16(6, flags | netlinkFlags.request, true);
  return concatBytes([new Uint8Array(start.buffer), body]);
}

function serializeAttribute({ type, value }: NetlinkAttribute): Uint8Array<ArrayBuffer> {
  const isNested = !(value instanceof Uint8Array);
  const bytes = isNested ? concatBytes(value.map(serializeAttribute)) : value;
  const header = new DataView(new ArrayBuffer(4));
  // Without the bytes that only fill up.
  header.setUint16(0, 4 + bytes.length, true);
  header.setUint16(2, isNested ? type | nested : type, true);
  const filling = new Uint8Array(-bytes.length & (alignment - 1));
  return concatBytes([new Uint8Array(header.buffer), bytes, filling]);
}
