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

/** `ResourceExhausted` with both figures in the message and, in bytes, in the details. */
export function quotaExceeded(needed: number, available: number | undefined, cause?: unknown): SandboxError {
  const room = available === undefined ? 'an unknown amount is' : `${formatBytes(available)} are`;
  return new SandboxError(
    'ResourceExhausted',
    `No room to store ${formatBytes(needed)}: ${room} available; remove images or volumes, or free disk space`,
    { cause, details: { needed, ...(available === undefined ? {} : { available }) } },
  );
}
