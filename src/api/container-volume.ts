import type { VolumeId } from './volume';

/** The body of `POST /volumes/create`. */
export interface VolumeCreateBody {
  readonly Name?: string;
  readonly Driver?: string;
  readonly DriverOpts?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** A directory on a host's disk, or a disk of unikernels, that outlives containers, as the API shows it. */
export interface ContainerVolume {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly CreatedAt: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Scope: 'local';
  readonly Options: Readonly<Record<string, string>> | null;
  /** Where it is: a host's name, or the id of the lab's volume that it is. Absent before the first container needs it. */
  readonly Status?: { readonly Host: string } | { readonly Disk: VolumeId };
  readonly UsageData?: { readonly Size: number; readonly RefCount: number };
}
