import { packTar, type TarEntry } from 'modern-tar';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../api/content-store';
import { concatBytes } from '../base/bytes';
import { chunksOf, streamOf } from '../base/streams';
import { digestHex, digestOf } from './digest';
import { type Descriptor, type Index, mediaTypes } from './oci';
import { type ArchiveBlob, readArchiveBlobs, scanOciArchive, writeOciArchive } from './oci-archive';

const encode = (text: string) => new TextEncoder().encode(text);

async function blobOf(bytes: Uint8Array): Promise<ArchiveBlob> {
  return {
    digest: await digestOf(bytes),
    size: bytes.length,
    async *open() {
      for (let from = 0; from < bytes.length; from += 10_000) yield bytes.subarray(from, from + 10_000);
    },
  };
}

const describeBlob = ({ digest, size }: ArchiveBlob): Descriptor => ({ mediaType: mediaTypes.manifest, digest, size });
const indexOf = (blobs: readonly ArchiveBlob[]): Index => ({
  schemaVersion: 2,
  mediaType: mediaTypes.index,
  manifests: blobs.map(describeBlob),
});

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concatBytes(parts);
}

/** A stream of the bytes in chunks that fit nothing. */
const streamed = (bytes: Uint8Array, length = 777) =>
  streamOf(
    (async function* () {
      for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length);
    })(),
  );

const small = encode('{"small":true}');
const large = new Uint8Array(2_500_000).map((_, at) => (at * 7) ^ (at >> 8));

async function makeArchive() {
  const blobs = [await blobOf(small), await blobOf(large)];
  const bytes = await bytesOf(chunksOf(writeOciArchive(indexOf(blobs), blobs)));
  return { blobs, bytes };
}

const layout: TarEntry = file('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
const emptyIndex: TarEntry = file('index.json', JSON.stringify(indexOf([])));

function file(name: string, body: string | Uint8Array): TarEntry {
  const bytes = typeof body === 'string' ? encode(body) : body;
  return { header: { name, size: bytes.length, type: 'file' }, body: bytes };
}

describe('an archive of an image layout', () => {
  it('is read as it was written', async () => {
    const { blobs, bytes } = await makeArchive();
    const archive = await scanOciArchive(streamed(bytes));
    expect(archive.index).toEqual(indexOf(blobs));
    expect(archive.blobs).toEqual(new Map(blobs.map(({ digest, size }) => [digest, size])));
    const [first] = blobs;
    expect(await archive.readDocument(describeBlob(first!))).toEqual(small);
    const wanted = new Set(blobs.map(({ digest }) => digest));
    const found: string[] = [];
    for await (const blob of readArchiveBlobs(streamed(bytes, 70_001), wanted)) {
      found.push(blob.digest);
      expect(await digestOf(await bytesOf(blob.bytes))).toBe(blob.digest);
    }
    expect(found).toEqual([...wanted]);
  });

  it('is the same bytes each time', async () => {
    const [first, second] = [await makeArchive(), await makeArchive()];
    expect(await digestOf(first.bytes)).toBe(await digestOf(second.bytes));
  });

  it('can be read in part', async () => {
    const { blobs, bytes } = await makeArchive();
    const wanted = new Set(blobs.map(({ digest }) => digest));
    const found: string[] = [];
    for await (const { digest } of readArchiveBlobs(streamed(bytes), wanted)) found.push(digest);
    expect(found).toEqual([...wanted]);
    for await (const blob of readArchiveBlobs(streamed(bytes), wanted)) {
      for await (const chunk of blob.bytes) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      break;
    }
  });

  it('tells of a blob that cannot be read while it is written', async () => {
    const good = await blobOf(large);
    const bad: ArchiveBlob = {
      ...good,
      async *open() {
        yield large.subarray(0, 100);
        throw new Error('torn');
      },
    };
    await expect(bytesOf(chunksOf(writeOciArchive(indexOf([]), [bad])))).rejects.toThrow('torn');
    const short: ArchiveBlob = { ...good, size: good.size + 1 };
    await expect(bytesOf(chunksOf(writeOciArchive(indexOf([]), [short])))).rejects.toThrow();
  });

  it('may have its files in another order, with folders and others between', async () => {
    const { digest } = await blobOf(small);
    const bytes = await packTar([
      { header: { name: './blobs/', size: 0, type: 'directory' } },
      file(`./blobs/sha256/${digestHex(digest)}`, small),
      file('./manifest.json', '[]'),
      file('./index.json', JSON.stringify(indexOf([]))),
      file('./oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    ]);
    expect([...(await scanOciArchive(streamed(bytes))).blobs.keys()]).toEqual([digest]);
  });

  it('cut off anywhere is damaged, and no tar is no archive', async () => {
    const { bytes } = await makeArchive();
    for (const length of [100, 512, 700, 3000, 5000, bytes.length - 1500, bytes.length - 1024]) {
      await expect(scanOciArchive(streamed(bytes.subarray(0, length)))).rejects.toMatchObject({ code: 'DataLoss' });
    }
    const noise = new Uint8Array(100_000).fill(0x5a);
    await expect(scanOciArchive(streamed(noise))).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('with a damaged blob names its digest', async () => {
    const { blobs, bytes } = await makeArchive();
    const [document, layer] = blobs;
    // The last byte of each, found by what is around it.
    const at = (needle: Uint8Array) =>
      bytes.findIndex((_, from) => needle.every((byte, i) => bytes[from + i] === byte));
    for (const [needle, digest] of [
      [small, document!.digest],
      [large.subarray(1_000_000, 1_000_064), layer!.digest],
    ] as const) {
      const damaged = bytes.slice();
      const place = at(needle);
      damaged[place] = damaged[place]! ^ 1;
      const lost = { code: 'DataLoss', details: { digest } };
      if (digest === document!.digest) {
        const archive = await scanOciArchive(streamed(damaged));
        await expect(archive.readDocument(describeBlob(document!))).rejects.toMatchObject(lost);
      }
      const read = async () => {
        for await (const blob of readArchiveBlobs(streamed(damaged), new Set([digest]))) await bytesOf(blob.bytes);
      };
      await expect(read()).rejects.toMatchObject(lost);
    }
  });

  it('without a document names its digest, as with one that is too large', async () => {
    const { blobs, bytes } = await makeArchive();
    const archive = await scanOciArchive(streamed(bytes));
    const digest: Digest = `sha256:${'0'.repeat(64)}`;
    const missing = archive.readDocument({ mediaType: 'x', digest, size: 1 });
    await expect(missing).rejects.toMatchObject({ code: 'DataLoss', details: { digest } });
    await expect(archive.readDocument(describeBlob(blobs[1]!))).rejects.toMatchObject({ code: 'DataLoss' });
    await expect(archive.readDocument({ ...describeBlob(blobs[0]!), size: 3 })).rejects.toMatchObject({
      code: 'DataLoss',
    });
  });

  it.each<[string, TarEntry[], string]>([
    ['no layout file', [emptyIndex], 'InvalidArgument'],
    ['no index', [layout], 'InvalidArgument'],
    ['a layout file that is not JSON', [file('oci-layout', '{'), emptyIndex], 'InvalidArgument'],
    ['a layout file that is null', [file('oci-layout', 'null'), emptyIndex], 'FailedPrecondition'],
    ['another version', [file('oci-layout', '{"imageLayoutVersion":"2.0.0"}'), emptyIndex], 'FailedPrecondition'],
    ['an index that is none', [layout, file('index.json', '[]')], 'InvalidArgument'],
    [
      'a link',
      [layout, { header: { name: 'index.json', size: 0, type: 'symlink', linkname: '/etc/passwd' } }],
      'InvalidArgument',
    ],
    [
      'a blob twice',
      [layout, emptyIndex, file(`blobs/sha256/${'a'.repeat(64)}`, 'x'), file(`blobs/sha256/${'a'.repeat(64)}`, 'y')],
      'InvalidArgument',
    ],
    ['nothing at all', [], 'InvalidArgument'],
  ])('with %s is refused', async (_, entries, code) => {
    await expect(scanOciArchive(streamed(await packTar(entries)))).rejects.toMatchObject({ code });
  });

  it('is read within limits', async () => {
    const limits = { entries: 5, blobBytes: 1000, documentBytes: 10, documentsBytes: 15 };
    const blob = (letter: string, body: string) => file(`blobs/sha256/${letter.repeat(64)}`, body);
    const scan = async (entries: TarEntry[]) =>
      scanOciArchive(streamed(await packTar([layout, emptyIndex, ...entries])), limits);
    const archive = await scan([blob('a', '0123456789'), blob('b', '0123456789'), blob('c', '0123456789a')]);
    for (const [letter, size] of [
      ['b', 10],
      ['c', 11],
    ] as const) {
      const digest: Digest = `sha256:${letter.repeat(64)}`;
      const document = archive.readDocument({ mediaType: 'x', digest, size });
      await expect(document).rejects.toMatchObject({ message: expect.stringContaining('too large') });
    }
    const refused = { code: 'InvalidArgument' };
    await expect(scan(['a', 'b', 'c', 'd'].map((letter) => blob(letter, '')))).rejects.toMatchObject(refused);
    await expect(scan([blob('a', 'x'.repeat(1001))])).rejects.toMatchObject(refused);
  });
});
