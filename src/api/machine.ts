import type { Digest } from './content-store';
import type { DriveKind } from './disk';
import type { Operation } from './operation';

/**
 * Everything about an emulated machine that a saved state depends on. Two machines with equal
 * configurations, the same v86 and the same kernel can exchange states; any other pair cannot.
 */
export interface MachineConfig {
  /** RAM in MiB. */
  readonly memoryMiB: number;
  readonly devices: 'virtio' | 'emulated';
  /** Has the container host's tools (an initrd, so at least 128 MiB of RAM). */
  readonly containerHost: boolean;
  /** How many NICs; 1 when absent. The prepared snapshots have one. */
  readonly nics?: number;
  /** How many disks of virtio; none when absent. */
  readonly disks?: number;
  /** How many shares; none when absent. */
  readonly shares?: number;
  /** Of a machine that starts from its drives. */
  readonly firmware?: FirmwareConfig;
  /** Hard disks at the emulated controller, before those of virtio, of a machine with our kernel; none when absent. */
  readonly drives?: readonly DriveConfig[];
}

export interface FirmwareConfig {
  /** What the BIOS tries to start from, in this order. */
  readonly boot: readonly DriveKind[];
  /** In the order of the machine's disks. */
  readonly drives: readonly DriveConfig[];
}

/** A drive with what is in it. */
export interface DriveConfig {
  readonly kind: DriveKind;
  /** What the guest sees of the disk. */
  readonly sizeBytes: number;
}

/** The config blob of a snapshot artifact. */
export interface SnapshotConfig {
  readonly formatVersion: 1;
  /** Exact version of the emulator that saved it. */
  readonly v86: string;
  readonly machine: MachineConfig;
  /** Digest of the uncompressed bzImage that is running in it; of the BIOS, where a machine starts from its drives. */
  readonly kernel: Digest;
  /** Digest of the uncompressed initrd, for a container host. */
  readonly initrd?: Digest;
  /** Version of the agent's protocol. */
  readonly agentProtocol: number;
  /** What the console had printed when it was saved, base64: shown again after the restore. */
  readonly console: string;
}

/** One blob of a saved machine. */
export interface StateLayer {
  readonly digest: Digest;
  readonly bytes: ArrayBuffer;
}

/** A machine that was saved, with all its bytes. */
export interface SavedMachine {
  readonly config: SnapshotConfig;
  /** Oldest first: a whole state, then what changed each time. Handed over (transferred), not shared. */
  readonly layers: readonly StateLayer[];
  /**
   * Whether it goes on as the machine it was, programs that were run in it included (a reload, a migration),
   * or as another beginning of it (a snapshot restored, a clone).
   */
  readonly continued: boolean;
}

/** What a machine is started from; the bytes are handed over (transferred), not shared. */
export type MachineImage =
  | { readonly kind: 'state'; readonly layers: readonly StateLayer[]; readonly console: Uint8Array }
  | {
      readonly kind: 'boot';
      readonly bios: ArrayBuffer;
      readonly vgaBios: ArrayBuffer;
      /** Absent: the machine starts from its drives. */
      readonly kernel?: ArrayBuffer;
      readonly initrd?: ArrayBuffer;
    };

/** Where the vm driver gets what machines are started from. */
export interface MachineImageSource {
  /** The prepared snapshot for a configuration, or undefined when there is none. Cheap: reads its config only. */
  describeSnapshot(config: MachineConfig, operation?: Operation): Promise<SnapshotConfig | undefined>;
  /** Digests of what a cold boot would run (`kernel` as in {@link SnapshotConfig}); cheap. */
  describeBoot(
    config: MachineConfig,
    operation?: Operation,
  ): Promise<{ readonly kernel: Digest; readonly initrd?: Digest }>;
  loadSnapshot(config: MachineConfig, operation?: Operation): Promise<MachineImage & { kind: 'state' }>;
  /** A tar of `strata-root` (images/image-root), which makes an image the root of a machine. */
  loadRootProgram(operation?: Operation): Promise<ArrayBuffer>;
  loadBoot(config: MachineConfig, operation?: Operation): Promise<MachineImage & { kind: 'boot' }>;
}
