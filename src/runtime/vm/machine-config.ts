import type { DiskSpec } from '../../api/disk';
import type { VmSpec } from '../../api/instance';
import type { DriveConfig, MachineConfig } from '../../api/machine';
import { mediumSize } from '../../formats/disk-medium';

const mebibyte = 1024 * 1024;

/** Places for hard disks at the emulated controller that we use. */
const ideDisks = 2;

/** The machine that a spec asks for. */
export function machineConfig({
  memoryMiB,
  devices,
  containerHost,
  nics,
  spareNics = 0,
  disks = [],
  shares = [],
  firmware,
}: VmSpec): MachineConfig {
  // One NIC also where no network is wanted: the prepared snapshots have it.
  const nicCount = Math.max(1, nics?.length ?? 1) + spareNics;
  const ide = devices === 'emulated' && !firmware ? disks.slice(0, ideDisks) : [];
  const virtioCount = firmware ? 0 : disks.length - ide.length;
  return {
    memoryMiB,
    devices,
    containerHost,
    ...(nicCount > 1 && { nics: nicCount }),
    ...(virtioCount > 0 && { disks: virtioCount }),
    ...(ide.length > 0 && { drives: ide.map(driveConfig) }),
    ...(shares.length > 0 && { shares: shares.length }),
    ...(firmware && { firmware: { boot: firmware.boot, drives: disks.map(driveConfig) } }),
  };
}

/** A disk that came from a file is as long as that was. */
function driveConfig({ drive = 'disk', sizeMiB, source }: DiskSpec): DriveConfig {
  const sizeBytes = source ? mediumSize(drive, source.sizeBytes) : sizeMiB * mebibyte;
  return { kind: drive, sizeBytes };
}
