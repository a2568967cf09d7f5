import type { ContainerSummary } from './container';
import type { ContainerVolume } from './container-volume';

/** What `GET /version` answers. */
export interface EngineVersion {
  readonly Platform: { readonly Name: string };
  readonly Components: readonly {
    readonly Name: string;
    readonly Version: string;
    readonly Details?: Readonly<Record<string, string>>;
  }[];
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
  readonly GitCommit: string;
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion: string;
  readonly BuildTime: string;
}

/** What `GET /info` answers; more fields than are told here may be there. */
export interface EngineInfo {
  readonly ID: string;
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly ContainersPaused: number;
  readonly ContainersStopped: number;
  readonly Images: number;
  readonly Driver: string;
  readonly OperatingSystem: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly Name: string;
  readonly ServerVersion: string;
  readonly [key: string]: unknown;
}

/** What `GET /system/df` answers of what is the engine's. */
export interface EngineUsage {
  readonly Containers: readonly ContainerSummary[];
  readonly Volumes: readonly ContainerVolume[];
}

/** What prunes answer: in the API the ids are under `ContainersDeleted`, `VolumesDeleted`, `NetworksDeleted`. */
export interface PruneReport {
  readonly deleted: readonly string[];
  /** Bytes. */
  readonly reclaimed: number;
}
