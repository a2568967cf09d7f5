import type { Digest } from '../../api/content-store';
import { SandboxError } from '../../base/errors';
import { digestOf } from '../../formats/digest';
import type { LogStoreOptions } from './log-store';

/** Blobs in memory, which can be made to refuse. */
export function memoryBlobs() {
  const blobs = new Map<Digest, { readonly label: string | undefined; readonly buffer: ArrayBuffer }>();
  let refusing = false;
  const store: LogStoreOptions['blobs'] = {
    async put(bytes, label) {
      if (refusing) throw new SandboxError('ResourceExhausted', 'No room');
      const digest = await digestOf(new Uint8Array(bytes));
      blobs.set(digest, { label, buffer: bytes });
      return { digest, size: bytes.byteLength };
    },
    async read(digests) {
      return digests.map((digest) => {
        const blob = blobs.get(digest);
        if (!blob) throw new SandboxError('NotFound', `No such blob: ${digest}`);
        return blob.buffer.slice(0);
      });
    },
    async delete(digest) {
      blobs.delete(digest);
    },
    async sweep(label, keep) {
      const gone = [...blobs].filter(([digest, blob]) => blob.label === label && !keep.includes(digest));
      for (const [digest] of gone) blobs.delete(digest);
      return gone.length;
    },
  };
  return {
    ...store,
    bytes: () => [...blobs.values()].reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    refuse(refuse: boolean): void {
      refusing = refuse;
    },
  };
}
