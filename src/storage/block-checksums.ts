import { createXXHash64, type IHasher } from 'hash-wasm';

/**
 * Bytes covered by one checksum: the least that is read to verify one byte of a range. A 256 KiB range is
 * read and verified in 5 ms.
 */
export const blockSize = 256 * 1024;

const checksumSize = 8;

/** As of sha256 (`formats/digest.ts`): memories of WebAssembly are used again. */
const maxSpare = 8;

const spare: IHasher[] = [];

/**
 * XXH64 of every block, recorded when the blob's sha256 was verified. On read they stand in for it: damage
 * goes unseen with a probability of 2^-64 a block, and 21 MB take 4 ms where sha256 in WebAssembly takes 62
 * and WebCrypto, because it copies, 77.
 */
export interface BlockChecksums {
  update(bytes: Uint8Array): void;
  /** All checksums in order; no updates afterwards. */
  finish(): Uint8Array<ArrayBuffer>;
}

export async function createBlockChecksums(): Promise<BlockChecksums> {
  const hasher = spare.pop() ?? (await createXXHash64());
  hasher.init();
  const sums: Uint8Array[] = [];
  let filled = 0;
  const endBlock = (): void => {
    sums.push(hasher.digest('binary'));
    hasher.init();
    filled = 0;
  };
  return {
    update(bytes) {
      for (let offset = 0; offset < bytes.length; ) {
        const take = Math.min(blockSize - filled, bytes.length - offset);
        hasher.update(bytes.subarray(offset, offset + take));
        filled += take;
        offset += take;
        if (filled === blockSize) endBlock();
      }
    },
    finish() {
      if (filled > 0) endBlock();
      if (spare.length < maxSpare) spare.push(hasher);
      const joined = new Uint8Array(sums.length * checksumSize);
      sums.forEach((sum, index) => joined.set(sum, index * checksumSize));
      return joined;
    },
  };
}

/** Whether `bytes`, which begin at block `firstBlock` of the blob, match what was recorded. */
export type VerifyBlocks = (bytes: Uint8Array, firstBlock: number, recorded: Uint8Array) => boolean;

export async function createBlockVerifier(): Promise<VerifyBlocks> {
  const hasher = await createXXHash64();
  return (bytes, firstBlock, recorded) => {
    for (let offset = 0, block = firstBlock; offset < bytes.length; offset += blockSize, block += 1) {
      hasher.init();
      hasher.update(bytes.subarray(offset, offset + blockSize));
      const sum = hasher.digest('binary');
      const expected = recorded.subarray(block * checksumSize, (block + 1) * checksumSize);
      if (expected.length !== checksumSize || sum.some((byte, index) => byte !== expected[index])) return false;
    }
    return true;
  };
}
