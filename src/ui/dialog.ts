import type { InstanceId } from '../api/instance';
import type { FolderInfo } from '../api/shared-folder';
import type { SnapshotId } from '../api/snapshot';
import type { LabConflict } from '../engine/archive/find-conflict';
import type { LabContents } from '../engine/archive/lab-archives';
import type { AppOffer } from '../engine/lab-modules';
import type { ScenarioPlan } from '../engine/scenarios/plan-scenario';
import type { UnikernelOffer } from '../engine/unikernel-library';
import type { DiskMedium } from '../formats/disk-medium';
import type { TarFileKind } from '../formats/tar-file';
import type { VmProfile } from '../formats/vm-profile';
import type { DocumentProblem } from '../formats/yaml/yaml-reader';

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
  /** A scenario that somebody brought, and what it would do. `decided`: once it is opened, or is not to be. */
  | { readonly kind: 'scenario'; readonly from: string; readonly plan: ScenarioPlan; readonly decided?: () => void }
  /** A lab with all its data; `conflict`: why it cannot be opened here. */
  | { readonly kind: 'archive'; readonly file: File; readonly contents: LabContents; readonly conflict?: LabConflict }
  /** What is wrong with a scenario. */
  | { readonly kind: 'broken-scenario'; readonly from: string; readonly problems: readonly DocumentProblem[] }
  | { readonly kind: 'new-network' }
  | { readonly kind: 'signatures' }
  | { readonly kind: 'new-volume' }
  | { readonly kind: 'egress'; readonly network: string }
  | { readonly kind: 'settings' }
  | { readonly kind: 'help' }
  | { readonly kind: 'palette' }
  | { readonly kind: 'rename'; readonly id: InstanceId }
  | { readonly kind: 'snapshot'; readonly id: InstanceId }
  | {
      readonly kind: 'clone';
      readonly source: { readonly snapshot: SnapshotId } | { readonly instance: InstanceId };
      readonly name: string;
    }
  /** Files are brought whose names are taken in that directory, these and perhaps `more` than can be named. */
  | {
      readonly kind: 'replace-files';
      readonly directory: string;
      readonly names: readonly string[];
      readonly more?: boolean;
      readonly replace: () => void;
      readonly keepBoth?: () => void;
    }
  /** Before all that is in the lab is removed. `folders`: those with something in them. `next`: once it is empty. */
  | { readonly kind: 'new-lab'; readonly folders: readonly FolderInfo[]; readonly next?: () => void }
  /** Asked only where something is lost for good. */
  | {
      readonly kind: 'confirm';
      readonly title: string;
      readonly body: string;
      readonly action: string;
      readonly run: () => void;
    };
