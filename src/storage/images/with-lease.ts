import type { Lease } from '../../api/image';
import type { ImageStore } from './image-store';

/** What the work puts is held until it is over; what nothing needs then is gone when this settles. */
export async function withLease<T>(store: ImageStore, work: (lease: Lease) => Promise<T>): Promise<T> {
  const lease = await store.lease();
  try {
    return await work(lease);
  } finally {
    // A failure here is none of the work: what is left is found by the next collection.
    await lease.release().catch(() => undefined);
    await store.collect().catch(() => undefined);
  }
}
