import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContentStore, Digest } from '../api/content-store';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { digestOf, emptyDigest } from '../formats/digest';

/** A store under test, with a way to damage what it keeps that the interface does not offer. */
export interface StoreFixture {
  readonly store: ContentStore;
  /** Bytes of the chunks it was opened with; small, so that small blobs have several. */
  readonly chunkSize: number;
  /** Inverts one bit of a stored blob. */
  flipBit(digest: Digest, byte: number): Promise<void>;
  /** Chunks kept, of committed blobs and of ingests alike. */
  countChunks(): Promise<number>;
  dispose(): Promise<void>;
}

export const patternBytes = (size: number, seed = 1): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
};

const ingestBytes = async (store: ContentStore, bytes: Uint8Array, cuts: readonly number[] = []): Promise<Digest> => {
  const digest = await digestOf(bytes);
  const ingest = await store.ingest({ digest, size: bytes.length });
  let from = 0;
  for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
    await ingest.write(bytes.subarray(from, cut));
    from = cut;
  }
  await ingest.commit();
  return digest;
};

const collect = async (pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return concatBytes(parts);
};

/** What every content store does. Run over each implementation. */
export function describeContentStore(
  name: string,
  open: (chunkSize: number) => Promise<StoreFixture>,
  { runs = 30 } = {},
): void {
  describe(`content store over ${name}`, () => {
    let fixture: StoreFixture;
    let store: ContentStore;
    beforeEach(async () => {
      fixture = await open(1000);
      store = fixture.store;
    });
    afterEach(() => fixture.dispose());

    it('gives back what was ingested, whatever the pieces it came in', async () => {
      const sizes = fc.integer({ min: 0, max: 5 * fixture.chunkSize });
      const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(sizes, cuts, fc.integer({ min: 0, max: 2 ** 31 }), async (size, fractions, seed) => {
          const bytes = patternBytes(size, seed);
          const digest = await ingestBytes(
            store,
            bytes,
            fractions.map((fraction) => Math.floor(fraction * size)),
          );
          expect(await store.read(digest)).toEqual(bytes);
          expect(await collect(store.open(digest))).toEqual(bytes);
          expect(await store.info(digest)).toMatchObject({ digest, size });
        }),
        { numRuns: runs },
      );
    });

    it('keeps a label, but gives none to a blob that is there without, or with another', async () => {
      const bytes = patternBytes(100);
      const put = async (label?: string) => {
        const ingest = await store.ingest(label === undefined ? {} : { label });
        await ingest.write(bytes);
        return ingest.commit();
      };
      const { digest } = await put('a');
      expect(await put('a')).toMatchObject({ label: 'a' });
      expect(await store.list()).toMatchObject([{ digest, label: 'a' }]);
      for (const other of ['b', undefined]) {
        await store.delete(digest);
        await put('a');
        expect(await put(other)).not.toHaveProperty('label');
        expect(await put('a')).not.toHaveProperty('label');
        expect(await store.info(digest)).not.toHaveProperty('label');
      }
    });

    it('gives any range', async () => {
      const size = 3 * fixture.chunkSize + 17;
      const bytes = patternBytes(size);
      const digest = await ingestBytes(store, bytes);
      const edge = fc.integer({ min: 0, max: size });
      await fc.assert(
        fc.asyncProperty(edge, edge, async (a, b) => {
          const range = { start: Math.min(a, b), end: Math.max(a, b) };
          expect(await collect(store.open(digest, range))).toEqual(bytes.slice(range.start, range.end));
        }),
        { numRuns: runs },
      );
    });

    it.each([
      ['that begins before the blob', { start: -1, end: 3 }],
      ['that ends behind the blob', { start: 0, end: 11 }],
      ['that ends before it begins', { start: 5, end: 4 }],
      ['that is not made of whole numbers', { start: 0.5, end: 4 }],
    ])('refuses a range %s', async (_, range) => {
      const digest = await ingestBytes(store, patternBytes(10));
      await expect(collect(store.open(digest, range))).rejects.toMatchObject({ code: 'InvalidArgument' });
    });

    it.each([0, 1, 2, 3])('takes a blob of exactly %i chunks', async (chunks) => {
      const bytes = patternBytes(chunks * fixture.chunkSize);
      const digest = await ingestBytes(store, bytes);
      expect(await store.read(digest)).toEqual(bytes);
      expect(await fixture.countChunks()).toBe(chunks);
    });

    it('knows the empty blob by its digest', async () => {
      expect(await ingestBytes(store, new Uint8Array())).toBe(emptyDigest);
    });

    it('names the digest of a blob it does not have', async () => {
      const digest = await digestOf(patternBytes(3));
      expect(await store.has(digest)).toBe(false);
      await expect(store.info(digest)).rejects.toMatchObject({ code: 'NotFound', details: { digest } });
      await expect(store.read(digest)).rejects.toMatchObject({ code: 'NotFound' });
      await expect(collect(store.open(digest))).rejects.toMatchObject({ code: 'NotFound' });
    });

    it('shows nothing of an ingest before it is committed', async () => {
      const bytes = patternBytes(2 * fixture.chunkSize + 1);
      const digest = await digestOf(bytes);
      const ingest = await store.ingest({ digest });
      await ingest.write(bytes);
      expect(ingest.offset).toBe(bytes.length);
      expect(await store.has(digest)).toBe(false);
      expect(await store.list()).toEqual([]);
      await ingest.commit();
      expect((await store.list()).map((info) => info.digest)).toEqual([digest]);
    });

    it('names an ingest without a known digest by what it turned out to be', async () => {
      const bytes = patternBytes(100);
      const ingest = await store.ingest({});
      await ingest.write(bytes);
      expect((await ingest.commit()).digest).toBe(await digestOf(bytes));
    });

    it('keeps nothing of an aborted ingest', async () => {
      const ingest = await store.ingest({});
      await ingest.write(patternBytes(3 * fixture.chunkSize));
      expect(await fixture.countChunks()).toBeGreaterThan(0);
      await ingest.abort();
      await ingest.abort();
      expect(await fixture.countChunks()).toBe(0);
      await expect(ingest.write(patternBytes(1))).rejects.toMatchObject({ code: 'FailedPrecondition' });
      await expect(ingest.commit()).rejects.toMatchObject({ code: 'FailedPrecondition' });
    });

    it('does not take back a commit by an abort', async () => {
      const ingest = await store.ingest({});
      await ingest.write(patternBytes(10));
      const { digest } = await ingest.commit();
      await ingest.abort();
      expect(await store.read(digest)).toEqual(patternBytes(10));
    });

    it('takes one write at a time', async () => {
      const ingest = await store.ingest({});
      const first = ingest.write(patternBytes(3 * fixture.chunkSize));
      await expect(ingest.write(patternBytes(1))).rejects.toMatchObject({ code: 'FailedPrecondition' });
      await first;
      await ingest.abort();
    });

    it('refuses a blob that is shorter than announced', async () => {
      const bytes = patternBytes(2 * fixture.chunkSize);
      const ingest = await store.ingest({ size: bytes.length + 1 });
      await ingest.write(bytes);
      await expect(ingest.commit()).rejects.toMatchObject({ code: 'DataLoss' });
      expect(await fixture.countChunks()).toBe(0);
    });

    it('refuses a blob that is longer than announced, as soon as it is', async () => {
      const ingest = await store.ingest({ size: fixture.chunkSize });
      await ingest.write(patternBytes(fixture.chunkSize));
      await expect(ingest.write(patternBytes(1))).rejects.toMatchObject({ code: 'DataLoss' });
      expect(await fixture.countChunks()).toBe(0);
    });

    it('refuses a blob with another digest and names the one expected', async () => {
      const bytes = patternBytes(2 * fixture.chunkSize);
      const digest = await digestOf(bytes);
      bytes[7] = (bytes[7] ?? 0) ^ 1;
      const ingest = await store.ingest({ digest });
      await ingest.write(bytes);
      await expect(ingest.commit()).rejects.toMatchObject({ code: 'DataLoss', details: { digest } });
      expect(await store.has(digest)).toBe(false);
      expect(await fixture.countChunks()).toBe(0);
    });

    it('reports a flipped bit as DataLoss naming the digest, and is healed by another ingest', async () => {
      const size = 3 * fixture.chunkSize + 5;
      const bytes = patternBytes(size);
      const digest = await ingestBytes(store, bytes);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: size - 1 }), async (byte) => {
          await fixture.flipBit(digest, byte);
          await expect(store.read(digest)).rejects.toMatchObject({ code: 'DataLoss', details: { digest } });
          const range = { start: byte, end: byte + 1 };
          await expect(collect(store.open(digest, range))).rejects.toMatchObject({
            code: 'DataLoss',
            details: { digest },
          });
          await ingestBytes(store, bytes);
          expect(await store.read(digest)).toEqual(bytes);
        }),
        { numRuns: runs },
      );
      expect(await fixture.countChunks()).toBe(4);
    });

    it('lets one blob be ingested twice at once', async () => {
      const bytes = patternBytes(3 * fixture.chunkSize + 1);
      const [first, second] = await Promise.all([ingestBytes(store, bytes), ingestBytes(store, bytes)]);
      expect(second).toBe(first);
      expect(await store.read(first)).toEqual(bytes);
      expect(await store.list()).toHaveLength(1);
      expect(await fixture.countChunks()).toBe(4);
    });

    it('goes on reading a blob that is ingested again meanwhile', async () => {
      // More than one piece of `open`, so that the second is read from the new chunks.
      const large = await open(256 * 1024);
      const bytes = patternBytes(1024 * 1024 + 9);
      const digest = await ingestBytes(large.store, bytes);
      const pieces = large.store.open(digest)[Symbol.asyncIterator]();
      const first = await pieces.next();
      await ingestBytes(large.store, bytes);
      const second = await pieces.next();
      // Not toEqual: it takes seconds for a megabyte.
      expect(await digestOf(concatBytes([first.value, second.value]))).toBe(digest);
      await large.dispose();
    });

    it('commits several ingests and records in one step, or none of them', async () => {
      const [first, second] = [patternBytes(2 * fixture.chunkSize), patternBytes(10, 5)];
      const begin = async (bytes: Uint8Array) => {
        const ingest = await store.ingest({});
        await ingest.write(bytes);
        return ingest;
      };
      const refusal = new SandboxError('FailedPrecondition', 'No');
      const refused = store.commitAll([await begin(first), await begin(second)], () => Promise.reject(refusal));
      await expect(refused).rejects.toBe(refusal);
      const wrong = await store.ingest({ size: 11 });
      await wrong.write(second);
      const plan = async () => [{ collection: 'images', key: 'a', value: 1 } as const];
      await expect(store.commitAll([await begin(first), wrong], plan)).rejects.toMatchObject({ code: 'DataLoss' });
      expect(await store.list()).toEqual([]);
      expect(await fixture.countChunks()).toBe(0);
      const infos = await store.commitAll([await begin(first), await begin(second)], async (blobs, view) => {
        expect(await view.list('images')).toEqual([]);
        return [{ collection: 'images', key: 'a', value: blobs.map(({ size }) => size) }];
      });
      expect(infos.map(({ digest }) => digest)).toEqual([await digestOf(first), await digestOf(second)]);
      expect(await store.read(await digestOf(second))).toEqual(second);
      await store.update(async (view) => {
        expect(await view.get('images', 'a')).toEqual([first.length, second.length]);
        return {};
      });
    });

    it('deletes blobs and changes records in one step, by what it reads in it', async () => {
      const [kept, gone] = [await ingestBytes(store, patternBytes(5)), await ingestBytes(store, patternBytes(1500, 3))];
      await expect(
        store.update(async () => ({ remove: [gone], changes: [{ collection: 'images', key: 'b', value: 1n }] })),
      ).rejects.toMatchObject({ code: 'InvalidArgument' });
      expect(await store.has(gone)).toBe(true);
      await store.update(async (view) => {
        const blobs = await view.blobs();
        const remove = blobs.filter(({ size }) => size > 100).map(({ digest }) => digest);
        return { remove, changes: [{ collection: 'layers', key: 'l', value: 2 }] };
      });
      expect((await store.list()).map(({ digest }) => digest)).toEqual([kept]);
      expect(await fixture.countChunks()).toBe(1);
      await store.update(async (view) => {
        expect(await view.list('layers')).toEqual([{ key: 'l', value: 2 }]);
        return { changes: [{ collection: 'layers', key: 'l' }] };
      });
      await store.update(async (view) => {
        expect(await view.list('layers')).toEqual([]);
        return {};
      });
    });

    it('forgets a deleted blob and its bytes', async () => {
      const kept = await ingestBytes(store, patternBytes(fixture.chunkSize, 2));
      const digest = await ingestBytes(store, patternBytes(2 * fixture.chunkSize));
      await store.delete(digest);
      await store.delete(digest);
      expect(await store.has(digest)).toBe(false);
      expect((await store.list()).map((info) => info.digest)).toEqual([kept]);
      expect(await fixture.countChunks()).toBe(1);
    });

    it('stops a read whose signal has fired', async () => {
      const digest = await ingestBytes(store, patternBytes(10));
      await expect(store.read(digest, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Canceled' });
    });
  });
}
