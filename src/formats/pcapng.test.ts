import { describe, expect, it } from 'vitest';
import { serializePcapng } from './pcapng';

const capture = {
  application: 'Strata',
  name: 'web eth0',
  description: 'a port',
  frames: [{ at: 1_700_000_000_000.25, direction: 'out', bytes: Uint8Array.of(1, 2, 3, 4, 5) }],
  received: 7,
  dropped: 2,
  at: 1_700_000_001_000,
} as const;

/** Type and body of each block, whose lengths must agree at both ends. */
function blocksOf(file: Uint8Array): readonly { readonly type: number; readonly body: DataView }[] {
  const view = new DataView(file.buffer);
  const blocks = [];
  for (let at = 0; at < file.length; ) {
    const length = view.getUint32(at + 4, true);
    expect(length % 4).toBe(0);
    expect(view.getUint32(at + length - 4, true)).toBe(length);
    blocks.push({ type: view.getUint32(at, true), body: new DataView(file.buffer, at + 8, length - 12) });
    at += length;
  }
  return blocks;
}

describe('a pcapng file', () => {
  it('is a section with one interface, its frames and its statistics', () => {
    const blocks = blocksOf(serializePcapng(capture));
    expect(blocks.map(({ type }) => type)).toEqual([0x0a0d0d0a, 1, 6, 5]);
    expect(blocks[0]?.body.getUint32(0, true)).toBe(0x1a2b3c4d);
    expect(blocks[1]?.body.getUint16(0, true)).toBe(1);
  });

  it('keeps microseconds, lengths, bytes and directions', () => {
    const packet = blocksOf(serializePcapng(capture))[2]!.body;
    const micros = packet.getUint32(4, true) * 2 ** 32 + packet.getUint32(8, true);
    expect(micros).toBe(1_700_000_000_000_250);
    expect([packet.getUint32(12, true), packet.getUint32(16, true)]).toEqual([5, 5]);
    expect([...new Uint8Array(packet.buffer, packet.byteOffset + 20, 8)]).toEqual([1, 2, 3, 4, 5, 0, 0, 0]);
    // The option for flags, four bytes: outbound.
    expect([packet.getUint16(28, true), packet.getUint16(30, true), packet.getUint32(32, true)]).toEqual([2, 4, 2]);
  });
});
