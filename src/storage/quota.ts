import { formatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';

/** What the browser says about room, in bytes; undefined where it does not say. */
export interface StorageEstimate {
  readonly usage: number;
  readonly quota: number;
}

export async function estimateStorage(): Promise<StorageEstimate | undefined> {
  if (typeof navigator === 'undefined' || !('storage' in navigator)) return undefined;
  // Denied storage (a sandboxed frame) rejects here.
  const estimate = await navigator.storage.estimate().catch(() => undefined);
  if (estimate?.usage === undefined || estimate.quota === undefined) return undefined;
  return { usage: estimate.usage, quota: estimate.quota };
}

/** Bytes that may still be stored, where the browser says. */
export async function availableBytes(): Promise<number | undefined> {
  const estimate = await estimateStorage();
  return estimate && Math.max(0, estimate.quota - estimate.usage);
}

/**
 * `ResourceExhausted` with both figures in the message and, in bytes, in the details. `available` is an upper
 * bound: browsers blur their estimate (Chromium says usage + 10 GiB, whatever the disk has), so where it
 * contradicts the refused write, less than was needed is all that is known.
 */
export function quotaExceeded(needed: number, estimated: number | undefined, cause?: unknown): SandboxError {
  const known = estimated !== undefined && estimated < needed;
  const available = known ? estimated : Math.max(0, needed - 1);
  const room = known ? `${formatBytes(available)} are available` : 'less than that is available';
  return new SandboxError(
    'ResourceExhausted',
    `No room to store ${formatBytes(needed)}: ${room}; remove images or volumes, or free disk space`,
    { cause, details: { needed, available } },
  );
}
