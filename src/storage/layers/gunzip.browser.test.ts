import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { createSeededRandom } from '../../base/seeded-random';
import { digestOf } from '../../formats/digest';
import { gunzip } from './gunzip';
import { collect } from './layer-fixture';

/** Node's DecompressionStream takes files with several members; browsers' fail, which is what is tried here. */
const random = createSeededRandom(7);

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
  );
}

function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  // Runs, so that there is something to compress.
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) bytes[at] = at % 7 === 0 ? random.below(256) : (bytes[at - 1] ?? 0);
  return bytes;
}

async function* cut(bytes: Uint8Array, largest: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; ) {
    const to = from + 1 + random.below(largest);
    yield bytes.subarray(from, to);
    from = to;
  }
}

describe('gunzip in a browser', () => {
  it('takes one member and many, however they are cut', async () => {
    for (const sizes of [
      [0],
      [1],
      [100_000],
      [0, 0, 5],
      [10, 70_000, 0, 300_000, 3],
      Array.from({ length: 60 }, () => 500),
    ]) {
      const parts = sizes.map(bytesOf);
      const packed = concatBytes(await Promise.all(parts.map(gzip)));
      for (const largest of [1, 10, 5000, 1_000_000]) {
        if (largest === 1 && packed.length > 30_000) continue;
        const unpacked = await collect(gunzip(cut(packed, largest)));
        expect(await digestOf(unpacked), `${sizes} by ${largest}`).toBe(await digestOf(concatBytes(parts)));
      }
    }
  });

  it('is not led astray by what only looks like a member', async () => {
    // Stored, so that the bytes are in the file as they are.
    const looksLike = concatBytes(
      Array.from({ length: 50 }, () => Uint8Array.of(0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3)),
    );
    const stored = storedGzip(looksLike);
    expect(await collect(gunzip(cut(concatBytes([stored, stored]), 7)))).toEqual(concatBytes([looksLike, looksLike]));
  });

  it.each([
    ['nothing', async () => new Uint8Array()],
    ['something else', async () => bytesOf(1000)],
    ['a file that was cut off', async () => (await gzip(bytesOf(50_000))).slice(0, -1)],
    [
      'a second member that was cut off',
      async () => concatBytes([await gzip(bytesOf(10)), (await gzip(bytesOf(10))).slice(0, 12)]),
    ],
    ['a file with zeros behind it', async () => concatBytes([await gzip(bytesOf(10)), new Uint8Array(5)])],
    [
      'a wrong checksum',
      async () => (await gzip(bytesOf(10))).map((byte, at, all) => (at === all.length - 6 ? byte ^ 1 : byte)),
    ],
  ])('refuses %s as DataLoss', async (_what, make) => {
    const packed = await make();
    await expect(collect(gunzip(cut(packed, 20_000)))).rejects.toMatchObject({ code: 'DataLoss' });
  });

  it('passes on why its input ended, and ends its input when nobody reads on', async () => {
    const packed = await gzip(bytesOf(400_000));
    const broken = new Error('broken');
    const failing = async function* () {
      yield packed.subarray(0, 30_000);
      throw broken;
    };
    await expect(collect(gunzip(failing()))).rejects.toBe(broken);
    let ended = false;
    const watched = async function* () {
      try {
        yield* cut(packed, 1000);
      } finally {
        ended = true;
      }
    };
    for await (const _ of gunzip(watched())) break;
    expect(ended).toBe(true);
  });
});

/** RFC 1952 around one stored block (RFC 1951, section 3.2.4). */
function storedGzip(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1, 0, 0, 0, 0);
  const trailer = new Uint8Array(8);
  const view = new DataView(header.buffer);
  view.setUint16(11, bytes.length, true);
  view.setUint16(13, ~bytes.length & 0xffff, true);
  new DataView(trailer.buffer).setUint32(0, crc32(bytes), true);
  new DataView(trailer.buffer).setUint32(4, bytes.length, true);
  return concatBytes([header, bytes, trailer]);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
