import type { Digest, StoreView } from '../../api/content-store';
import type { RecordChange } from '../../api/records';
import { SandboxError } from '../../base/errors';
import type { LeaseRecord } from './image-record';

/**
 * How long a lease outlives its last use, milliseconds. What a tab that died has received is kept so long, so that
 * a pull that was cut off goes on where it was.
 */
export const leaseLifeMs = 60 * 60 * 1000;

export function createLease(id: string, now: number, digests: readonly Digest[] = []): RecordChange {
  return putLease({ kind: 'lease', id, expiresAt: now + leaseLifeMs, digests });
}

/** To be made in the step that stores what is to be held. `FailedPrecondition` for a lease that has ended. */
export async function extendLease(
  view: StoreView,
  id: string,
  now: number,
  digests: readonly Digest[],
): Promise<RecordChange> {
  const lease = (await view.get('imageLeases', id)) as LeaseRecord | undefined;
  if (!lease) throw new SandboxError('FailedPrecondition', 'This lease has ended; take another');
  const all = [...new Set([...lease.digests, ...digests])];
  return putLease({ ...lease, expiresAt: now + leaseLifeMs, digests: all });
}

export function removeLease(id: string): RecordChange {
  return { collection: 'imageLeases', key: id };
}

function putLease(lease: LeaseRecord): RecordChange {
  return { collection: 'imageLeases', key: lease.id, value: lease };
}
