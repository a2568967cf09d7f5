import type { BlobInfo, ByteRange, Digest } from '../../api/content-store';
import type { ImageContent, Lease } from '../../api/image';
import type { LayerIndex } from '../../api/layer';
import type { Operation } from '../../api/operation';
import { systemClock } from '../../base/clock';
import { SandboxError, throwIfAborted } from '../../base/errors';
import { walkImage } from '../../formats/image-document';
import type { Descriptor } from '../../formats/oci';
import { MemoryBackend } from '../memory-backend';
import { VerifiedContentStore } from '../verified-content-store';

/** Content of images over a store in memory, without unpacking: what registries see of the real one. */
export class ContentFixture implements ImageContent {
  readonly backend = new MemoryBackend({ chunkSize: 100_000 });
  readonly store = new VerifiedContentStore(this.backend, systemClock);
  readonly references = new Map<string, Descriptor>();
  /** Leases that were taken and not released. */
  readonly leases = new Set<string>();

  has({ digest }: Descriptor): Promise<boolean> {
    return this.store.has(digest);
  }

  async put(
    { digest, size }: Descriptor,
    bytes: AsyncIterable<Uint8Array>,
    lease: Lease,
    { signal, onProgress }: Operation = {},
  ): Promise<void> {
    if (!this.leases.has(lease.id)) throw new SandboxError('FailedPrecondition', 'The lease has ended');
    const ingest = await this.store.ingest({ digest, size });
    try {
      for await (const piece of bytes) {
        throwIfAborted(signal);
        await ingest.write(piece);
      }
      onProgress?.({ phase: 'Storing', done: size, total: size });
      await ingest.commit();
    } catch (error) {
      await ingest.abort();
      throw error;
    }
  }

  info(digest: Digest): Promise<BlobInfo> {
    return this.store.info(digest);
  }

  open(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array<ArrayBuffer>> {
    return this.store.open(digest, range);
  }

  read(digest: Digest, operation?: Operation): Promise<Uint8Array<ArrayBuffer>> {
    return this.store.read(digest, operation);
  }

  async layer(diffId: Digest): Promise<LayerIndex> {
    throw new SandboxError('NotFound', `No such layer: ${diffId}`);
  }

  async tag(reference: string, descriptor: Descriptor): Promise<void> {
    const read = async (each: Descriptor) => ((await this.has(each)) ? this.read(each.digest) : undefined);
    for await (const { descriptor: part, role } of walkImage(descriptor, read)) {
      if ((role === 'config' || role === 'layer') && !(await this.has(part))) {
        throw new SandboxError('FailedPrecondition', `Not complete: ${part.digest} is missing`);
      }
    }
    this.references.set(reference, descriptor);
  }

  async resolve(reference: string): Promise<Descriptor> {
    const found = this.references.get(reference);
    if (found) return found;
    throw new SandboxError('NotFound', `No such image: ${reference}`);
  }

  async lease(): Promise<Lease> {
    const id = String(this.leases.size + 1);
    this.leases.add(id);
    return { id, release: async () => void this.leases.delete(id) };
  }
}
