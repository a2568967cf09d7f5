import type { InstanceId } from '../api/instance';
import type { SnapshotId } from '../api/snapshot';
import type { AppOffer } from '../engine/lab';
import type { UnikernelOffer } from '../engine/unikernel-library';
import type { DiskMedium } from '../formats/disk-medium';
import type { TarFileKind } from '../formats/tar-file';
import type { VmProfile } from '../formats/vm-profile';

/** A machine that starts from disks of its own: as a profile describes it, or with a disk that was brought just now. */
export interface MachineQuestion {
  readonly profile?: VmProfile;
  readonly disk?: { readonly file: File; readonly medium: DiskMedium };
}

/** A question that stands before everything else; one at a time. */
export type Dialog =
  | { readonly kind: 'new-vm' }
  /** With a module that was brought just now. */
  | { readonly kind: 'new-unikernel'; readonly offer?: UnikernelOffer }
  /** With the program, once one was brought. */
  | { readonly kind: 'new-app'; readonly offer?: AppOffer }
  | ({ readonly kind: 'new-machine' } & MachineQuestion)
  /** What a tar is that was brought just now. */
  | { readonly kind: 'brought-tar'; readonly file: File; readonly guess: TarFileKind }
  | { readonly kind: 'new-container' }
  | { readonly kind: 'new-network' }
  | { readonly kind: 'signatures' }
  | { readonly kind: 'new-volume' }
  | { readonly kind: 'egress'; readonly network: string }
  | { readonly kind: 'help' }
  | { readonly kind: 'palette' }
  | { readonly kind: 'rename'; readonly id: InstanceId }
  | { readonly kind: 'snapshot'; readonly id: InstanceId }
  | {
      readonly kind: 'clone';
      readonly source: { readonly snapshot: SnapshotId } | { readonly instance: InstanceId };
      readonly name: string;
    }
  /** Asked only where something is lost for good. */
  | {
      readonly kind: 'confirm';
      readonly title: string;
      readonly body: string;
      readonly action: string;
      readonly run: () => void;
    };
