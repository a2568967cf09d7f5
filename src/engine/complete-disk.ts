import { type DiskSpec, templateSizesMiB } from '../api/disk';
import type { VmDiskSpec } from '../api/instance';
import type { VolumeRecord } from '../api/volume';
import { SandboxError } from '../base/errors';

/** A disk as it can be had: one with a file system has a size of which there is one. `InvalidArgument` beyond them. */
export function completeDisk(spec: DiskSpec): DiskSpec {
  if (spec.format === undefined) return spec;
  const { sizeMiB, format } = spec;
  if (format !== 'ext4') throw new SandboxError('InvalidArgument', `No such file system: ${format}. There is ext4`);
  const fitting = Number.isInteger(sizeMiB) && sizeMiB > 0 && templateSizesMiB.find((size) => size >= sizeMiB);
  if (fitting) return { ...spec, sizeMiB: fitting };
  const message = `A disk with a file system has 1 to ${templateSizesMiB.at(-1)} MiB, not ${sizeMiB}`;
  throw new SandboxError('InvalidArgument', message, { details: { sizeMiB } });
}

/** What a volume is as a disk of an instance. */
export function volumeDisk({ id, sizeMiB, format }: VolumeRecord): VmDiskSpec {
  return { volume: id, sizeMiB, ...(format && { format }) };
}
