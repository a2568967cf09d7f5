import type { DiskSource } from '../api/disk';
import type { InstanceSpec } from '../api/instance';

/** The users' files that disks of these began as. */
export function diskSources(specs: readonly InstanceSpec[]): readonly DiskSource[] {
  return specs.flatMap(({ disks = [] }) => disks.flatMap(({ source }) => (source ? [source] : [])));
}
