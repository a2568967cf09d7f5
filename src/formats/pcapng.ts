import { concatBytes } from '../base/bytes';

/** Blocks and options of the format (draft-ietf-opsawg-pcapng, 4 and 3.5). */
const block = { section: 0x0a0d0d0a, interface: 1, statistics: 5, packet: 6 } as const;
const option = {
  end: 0,
  /** Of the section. */
  application: 4,
  /** Of an interface. */
  name: 2,
  description: 3,
  /** Of a packet. */
  flags: 2,
  /** Of an interface's statistics. */
  received: 4,
  dropped: 5,
} as const;

const byteOrderMagic = 0x1a2b3c4d;
const ethernetLink = 1;

/** Directions in a packet's flags (4.3.1). */
const inbound = 1;
const outbound = 2;

export interface PcapngFrame {
  /** Milliseconds since the epoch, with a fraction; microseconds are kept. */
  readonly at: number;
  /** As the interface sees it. */
  readonly direction: 'in' | 'out';
  readonly bytes: Uint8Array;
}

export interface PcapngCapture {
  readonly application: string;
  /** Of the interface that it was recorded at. */
  readonly name: string;
  readonly description: string;
  readonly frames: readonly PcapngFrame[];
  /** Frames that passed while it was recorded, and how many of those are not in it. */
  readonly received: number;
  readonly dropped: number;
  /** When the last figures are of, milliseconds since the epoch. */
  readonly at: number;
}

/** A capture file with one Ethernet interface, little-endian, as Wireshark and tcpdump read it (pcapng 1.0). */
export function serializePcapng(capture: PcapngCapture): Uint8Array<ArrayBuffer> {
  const { application, name, description, frames, received, dropped, at } = capture;
  const texts = new TextEncoder();
  const section = concatBytes([
    numbers([byteOrderMagic, 4], [1, 2], [0, 2], [-1, 8]),
    options([option.application, texts.encode(application)]),
  ]);
  const device = concatBytes([
    // No frame is cut: a length of 0 says that there is no limit.
    numbers([ethernetLink, 2], [0, 2], [0, 4]),
    options([option.name, texts.encode(name)], [option.description, texts.encode(description)]),
  ]);
  const statistics = concatBytes([
    numbers([0, 4], ...timestamp(at)),
    options([option.received, numbers([received, 8])], [option.dropped, numbers([dropped, 8])]),
  ]);
  return concatBytes([
    wrap(block.section, section),
    wrap(block.interface, device),
    ...frames.map((frame) => wrap(block.packet, packet(frame))),
    wrap(block.statistics, statistics),
  ]);
}

function packet({ at, direction, bytes }: PcapngFrame): Uint8Array<ArrayBuffer> {
  return concatBytes([
    numbers([0, 4], ...timestamp(at), [bytes.length, 4], [bytes.length, 4]),
    padded(bytes),
    options([option.flags, numbers([direction === 'in' ? inbound : outbound, 4])]),
  ]);
}

/** Microseconds since the epoch, the upper half first (4.3). */
function timestamp(ms: number): readonly (readonly [number, number])[] {
  const micros = Math.round(ms * 1000);
  return [
    [Math.floor(micros / 2 ** 32), 4],
    [micros % 2 ** 32, 4],
  ];
}

function wrap(type: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = body.length + 12;
  return concatBytes([numbers([type, 4], [length, 4]), body, numbers([length, 4])]);
}

function options(...all: readonly (readonly [number, Uint8Array])[]): Uint8Array<ArrayBuffer> {
  const parts = all.flatMap(([code, value]) => [numbers([code, 2], [value.length, 2]), padded(value)]);
  return concatBytes([...parts, numbers([option.end, 2], [0, 2])]);
}

/** To the next multiple of four. */
function padded(bytes: Uint8Array): Uint8Array {
  const room = new Uint8Array((bytes.length + 3) & ~3);
  room.set(bytes);
  return room;
}

/** Whole numbers, each of so many bytes. */
function numbers(...all: readonly (readonly [value: number, bytes: number])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(all.reduce((sum, [, length]) => sum + length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const [value, length] of all) {
    if (length === 2) view.setUint16(offset, value, true);
    else if (length === 4) view.setUint32(offset, value, true);
    else view.setBigInt64(offset, BigInt(value), true);
    offset += length;
  }
  return bytes;
}
