import type { Digest } from '../../api/content-store';
import type { MachineConfig, SnapshotConfig } from '../../api/machine';
import { v86Version } from './v86-internals';

export interface Present {
  readonly machine: MachineConfig;
  readonly kernel: Digest;
  readonly initrd?: Digest;
  readonly agentProtocol: number;
}

/** Why a snapshot cannot be restored here, in plain words; empty when it can. */
export function snapshotMismatches(snapshot: SnapshotConfig, present: Present): readonly string[] {
  const reasons: string[] = [];
  const differ = (what: string, saved: string | number | undefined, here: string | number | undefined): void => {
    if (saved !== here) reasons.push(`the snapshot has ${what} ${saved ?? 'none'}, here is ${here ?? 'none'}`);
  };
  differ('emulator version', snapshot.v86, v86Version);
  differ('memory in MiB', snapshot.machine.memoryMiB, present.machine.memoryMiB);
  differ('devices', snapshot.machine.devices, present.machine.devices);
  differ('container host', String(snapshot.machine.containerHost), String(present.machine.containerHost));
  differ('number of NICs', snapshot.machine.nics ?? 1, present.machine.nics ?? 1);
  differ('number of disks', snapshot.machine.disks ?? 0, present.machine.disks ?? 0);
  differ('firmware and drives', JSON.stringify(snapshot.machine.firmware), JSON.stringify(present.machine.firmware));
  differ('emulated disks', JSON.stringify(snapshot.machine.drives), JSON.stringify(present.machine.drives));
  differ('number of shares', snapshot.machine.shares ?? 0, present.machine.shares ?? 0);
  differ('kernel', snapshot.kernel, present.kernel);
  differ('initrd', snapshot.initrd, present.initrd);
  differ('agent protocol', snapshot.agentProtocol, present.agentProtocol);
  return reasons;
}

/** The configuration of the prepared snapshots: further NICs, disks and shares are plugged in after the restore. */
export function preparedConfig({ memoryMiB, devices, containerHost }: MachineConfig): MachineConfig {
  return { memoryMiB, devices, containerHost };
}
