import { describe, expect, it } from 'vitest';
import { embeddedBlob } from './embedded-blob';

describe('an embedded blob', () => {
  it.each([0, 1, 245_759, 245_760, 245_761, 1_000_003])('has the %d bytes it was made of', async (length) => {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
    const blob = embeddedBlob(bytes);
    expect(blob.size).toBe(length);
    expect(Buffer.compare(Buffer.from(await blob.arrayBuffer()), bytes)).toBe(0);
  });
});
