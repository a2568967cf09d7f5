import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { parseDiskFile } from './disk-file';
import { type DiskImageExtent, extentSize, serializeDiskImage } from './disk-image';
import { serializeSparseTar } from './sparse-tar';

type Bytes = Uint8Array<ArrayBuffer>;

const streamer = (bytes: Uint8Array) => () => new Blob([new Uint8Array(bytes)]).stream();

async function read(bytes: Uint8Array): Promise<Bytes> {
  const { sizeBytes, extents } = await parseDiskFile(streamer(bytes));
  const whole = new Uint8Array(Math.ceil(sizeBytes / extentSize) * extentSize);
  for await (const extent of extents) {
    expect(extent.bytes.some((byte) => byte !== 0)).toBe(true);
    whole.set(extent.bytes, extent.index * extentSize);
  }
  return whole.subarray(0, sizeBytes);
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concatBytes(parts);
}

/** Disks of some sectors, mostly empty. */
const disks = fc
  .record({
    sectors: fc.integer({ min: 1, max: 900 }),
    marks: fc.array(fc.record({ at: fc.nat(), value: fc.integer({ min: 1, max: 255 }) }), { maxLength: 6 }),
  })
  .map(({ sectors, marks }) => {
    const bytes = new Uint8Array(sectors * 512);
    // Not where it could be taken for the beginning of something else.
    for (const { at, value } of marks) bytes[100 + (at % (bytes.length - 100))] = value;
    return bytes;
  });

describe('a disk in a file', () => {
  it('is the same raw, gzip, in a tar with holes, and in an image of ours', async () => {
    await fc.assert(
      fc.asyncProperty(disks, async (disk) => {
        const raw = await read(disk);
        expect(Buffer.compare(raw, disk)).toBe(0);
        expect(Buffer.compare(await read(gzipSync(disk)), disk)).toBe(0);
        const piece = { offset: 0, length: disk.length };
        async function* bytes() {
          yield disk;
        }
        const tar = { name: 'disk', sizeBytes: disk.length, pieces: [piece], bytes: bytes() };
        const packed = await collect(serializeSparseTar(tar));
        expect(Buffer.compare(await read(packed), disk)).toBe(0);
        expect(Buffer.compare(await read(gzipSync(packed)), disk)).toBe(0);
        async function* extents(): AsyncGenerator<DiskImageExtent> {
          for (let index = 0; index * extentSize < disk.length; index += 1) {
            const extent = new Uint8Array(extentSize);
            extent.set(disk.subarray(index * extentSize, (index + 1) * extentSize));
            if (extent.some((byte) => byte !== 0)) yield { index, bytes: extent };
          }
        }
        const image = await collect(serializeDiskImage({ sizeBytes: disk.length, extents: extents() }));
        expect(Buffer.compare(await read(image), disk)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['an image of qemu', new TextEncoder().encode(`QFI${'x'.repeat(600)}`), /sectors/],
    ['a qcow2 image', Uint8Array.of(0x51, 0x46, 0x49, 0xfb, ...new Uint8Array(508)), /qcow2.*qemu-img convert/],
    ['a zip', Uint8Array.of(0x50, 0x4b, 3, 4, ...new Uint8Array(508)), /zip/],
    ['nothing', new Uint8Array(), /0 bytes/],
    ['half a sector', new Uint8Array(700), /700 bytes are no whole number of sectors/],
  ])('is refused when it is %s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringMatching(message),
    });
  });

  it('is damaged when what is packed was cut off', async () => {
    const packed = gzipSync(crypto.getRandomValues(new Uint8Array(4096)));
    await expect(read(packed.subarray(0, 3000))).rejects.toMatchObject({ code: 'DataLoss' });
  });

  it('can be given up while it is looked through', async () => {
    const abort = new AbortController();
    let pieces = 0;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        async pull(controller) {
          // A turn of the event loop for each, as a file takes: nothing else would come to its turn in between.
          await new Promise((resolve) => setImmediate(resolve));
          pieces += 1;
          if (pieces === 10) abort.abort(new SandboxError('Canceled', 'Canceled'));
          controller.enqueue(new Uint8Array(512));
        },
      });
    await expect(parseDiskFile(endless, abort.signal)).rejects.toMatchObject({ code: 'Canceled' });
  });
});
