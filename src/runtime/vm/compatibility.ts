import type { Digest } from '../../api/content-store';
import type { MachineConfig, SnapshotConfig } from '../../api/machine';
import { encodeBase64 } from '../../base/base64';
import { SandboxError } from '../../base/errors';
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

/** `FailedPrecondition` says in plain words what is different here. */
export function assertCompatible(snapshot: SnapshotConfig, present: Present): void {
  const mismatches = snapshotMismatches(snapshot, present);
  if (mismatches.length === 0) return;
  throw new SandboxError('FailedPrecondition', `The machine cannot be restored here: ${mismatches.join('; ')}`);
}

/** What a machine that is saved here needs where it is restored. */
export function snapshotConfig(
  { machine, kernel, initrd, agentProtocol }: Present,
  console: Uint8Array,
): SnapshotConfig {
  return {
    formatVersion: 1,
    v86: v86Version,
    machine,
    kernel,
    ...(initrd && { initrd }),
    agentProtocol,
    console: encodeBase64(console),
  };
}

/** The configuration of the prepared snapshots: further NICs, disks and shares are plugged in after the restore. */
export function preparedConfig({ memoryMiB, devices, containerHost }: MachineConfig): MachineConfig {
  return { memoryMiB, devices, containerHost };
}
