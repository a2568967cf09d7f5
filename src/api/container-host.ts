import type { ErrorRecord } from '../base/errors';
import type { Event } from '../base/events';
import type { ContainerKernel } from './container-kernel';
import type { Digest } from './content-store';
import type { InstanceId, Process, Signal, TerminalSize } from './instance';
import type { OciProcess, OciResources, OciRuntimeConfig } from './oci-runtime';
import type { Operation } from './operation';
import type { HostChoice } from './placement';
import type { VolumeId } from './volume';

/**
 * The boundary between the container engine, which knows what users want, and the hosts that run containers. A host is a
 * VM whose guest has the OCI runtime (docs/RUNTIME.md). The engine says all that a container is by the runtime's own
 * `config.json`; a host adds what only it knows: where the root is, and which veth belongs to it.
 */

/** 64 hexadecimal digits. */
export type ContainerId = string;

/** A container's root: layers that are shared and read-only, and a directory of its own on the host's disk above them. */
export interface ContainerRoot {
  /** diffIDs, the lowest first. */
  readonly layers: readonly Digest[];
  /** Where changes go; `tmpfs`: gone with the container's end. */
  readonly writable: 'disk' | 'tmpfs';
  /** Where the ids of its users begin on the host, in a user namespace of its own. Absent: they are the host's. */
  readonly firstId?: number;
}

/** A container's interface on a network of the lab, with what was reserved for it. */
export interface ContainerNic {
  /** Inside: `eth0`. */
  readonly name: string;
  /** Name of the lab's network; a host that is not on it is put on it, as long as it has NICs left. */
  readonly network: string;
  readonly mac: string;
  /** IPv4 without a prefix length. */
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway?: string;
  readonly mtu: number;
}

/** A volume of the lab that is a block device of a unikernel. */
export interface ContainerDisk {
  readonly volume: VolumeId;
  readonly sizeMiB: number;
  readonly readOnly: boolean;
}

/** What is mounted into a container besides what its config names itself. */
export type ContainerMount =
  /** A directory of the host's disk, kept by that name. With `seed` an empty one gets what the image has there first. */
  | {
      readonly kind: 'volume';
      readonly volume: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly seed: boolean;
    }
  /** A path of the lab's shared folder. */
  | { readonly kind: 'shared'; readonly path: string; readonly target: string; readonly readOnly: boolean }
  /** A path of the host itself. */
  | { readonly kind: 'host'; readonly path: string; readonly target: string; readonly readOnly: boolean }
  /** A directory in the host's memory, which the container that it is of begins anew and others share: /dev/shm. */
  | { readonly kind: 'memory'; readonly of: ContainerId; readonly target: string; readonly readOnly: false }
  /** A small file that the engine writes: /etc/hosts, /etc/resolv.conf, /etc/hostname. */
  | { readonly kind: 'file'; readonly text: string; readonly target: string };

export interface ContainerSpec {
  readonly id: ContainerId;
  readonly root: ContainerRoot;
  readonly mounts: readonly ContainerMount[];
  /** Of a unikernel, in the order of the block devices in its manifest. */
  readonly disks?: readonly ContainerDisk[];
  readonly nics: readonly ContainerNic[];
  /** All else. `root`, and the sources of `mounts`, are the host's to fill in. */
  readonly config: OciRuntimeConfig;
  /**
   * Its root goes with its end: what it writes there need not outlive a crash of the host, and is not synced, not even where it
   * asks for that (Linux, overlayfs.rst, "Volatile mount"; podman does so for `run --rm`). Volumes are not concerned.
   */
  readonly volatile?: boolean;
  /** The size of its terminal at first, where its process has one. */
  readonly terminal?: TerminalSize;
}

/** How a container's first process ended. */
export interface ContainerExit {
  /** 0 to 255; 128 + the signal's number. */
  readonly code: number;
  /** The kernel ended one of its processes for want of memory. */
  readonly oomKilled: boolean;
  /** Milliseconds since the epoch, by the host's clock of the lab. */
  readonly at: number;
  /** It never ran: the runtime's own words ("exec: \"x\": executable file not found in $PATH"), code 125 to 127. */
  readonly error?: ErrorRecord;
}

/** What a host tells of its containers, in the order in which it happened. */
export type HostNews =
  | { readonly kind: 'started'; readonly id: ContainerId; readonly pid: number }
  | { readonly kind: 'exited'; readonly id: ContainerId; readonly exit: ContainerExit }
  | { readonly kind: 'oom'; readonly id: ContainerId }
  /** The host has ended with all that ran on it. */
  | { readonly kind: 'lost'; readonly reason: string };

/** Counters of one container, from its cgroup and its interfaces. Bytes and nanoseconds. */
export interface ContainerCounters {
  readonly cpuNanoseconds: number;
  readonly cpuUserNanoseconds: number;
  readonly cpuSystemNanoseconds: number;
  readonly throttledPeriods: number;
  readonly memoryBytes: number;
  readonly memoryFileBytes: number;
  /** Absent: none of its own. */
  readonly memoryLimitBytes?: number;
  readonly pids: number;
  readonly pidsLimit?: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly networks: Readonly<Record<string, NicCounters>>;
}

export interface NicCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** A process of a container as `ps` shows it. */
export interface ContainerProcessInfo {
  /** In the host's pid namespace, and in the container's own. */
  readonly pid: number;
  readonly innerPid: number;
  readonly parent: number;
  readonly uid: number;
  readonly user: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly cpuSeconds: number;
  readonly tty: string;
  readonly command: string;
}

/** A path that differs from the image (`docker diff`). */
export interface ContainerChange {
  readonly path: string;
  readonly kind: 'modified' | 'added' | 'deleted';
}

/** `lstat` of a path in a container (moby's X-Docker-Container-Path-Stat). */
export interface ContainerPathStat {
  readonly name: string;
  readonly size: number;
  /** As `st_mode`. */
  readonly mode: number;
  /** RFC 3339. */
  readonly mtime: string;
  readonly linkTarget: string;
}

/**
 * Files of a container as `docker cp` finds them, whether it runs or not: with what is mounted there of users' things, and
 * without what the kernel makes up (`/proc`, `/sys`, `/dev`).
 */
export interface ContainerView {
  /** Those of volumes and of paths. */
  readonly mounts: readonly ContainerMount[];
  /** Outside of these mounts nothing can be written. */
  readonly readOnlyRoot: boolean;
}

/** A machine that runs containers. Calls about a container it does not know are refused with `NotFound`. */
export interface ContainerHost {
  readonly instance: InstanceId;
  readonly name: string;
  /** The lab's networks that it is on. */
  readonly networks: readonly string[];
  readonly news: Event<HostNews>;
  /** Resolves when the host has run enough that its next container begins as fast as it can; undefined where nothing warms it up. */
  readonly warm?: Promise<void> | undefined;
  /** Id of its port on a network of the lab; undefined where it is not on it. Of a unikernel, its own is meant. */
  portOf(network: string): string | undefined;
  /** RAM that is free now, and what it has of it in all. */
  memory(): Promise<{ readonly totalBytes: number; readonly availableBytes: number }>;

  /** Makes the root, without a process. Done twice it is done once. */
  createRoot(id: ContainerId, root: ContainerRoot, operation?: Operation): Promise<void>;
  /** Takes the root away with all that was written there. */
  removeRoot(id: ContainerId): Promise<void>;
  /** Bytes that the container has written. */
  rootBytes(id: ContainerId): Promise<number>;
  /** Runs the container's first process; resolves when it runs, or rejects with why it does not. */
  run(spec: ContainerSpec, operation?: Operation): Promise<Process>;
  /** Runs a further process in a running container. */
  exec(id: ContainerId, process: OciProcess, terminal?: TerminalSize): Promise<Process>;
  /** Comes back to processes that were started before a reload, by the name that `run` or `exec` gave. */
  reattach(process: string): Promise<Process>;
  /**
   * What an earlier page has left running and nobody has come back to. A host that was saved, or came out of an archive, may go
   * on with what has ended since. To run one of these anew ends it first.
   */
  readonly strays: ReadonlySet<ContainerId>;
  /** Ids of the containers that run, after a reload. */
  running(): Promise<ReadonlyMap<ContainerId, { readonly pid: number; readonly paused: boolean }>>;
  kill(id: ContainerId, signal: Signal | number): Promise<void>;
  pause(id: ContainerId): Promise<void>;
  resume(id: ContainerId): Promise<void>;
  update(id: ContainerId, resources: OciResources): Promise<void>;
  /** One more interface for a running container, or one less. */
  connect(id: ContainerId, nic: ContainerNic): Promise<void>;
  /** `gateway`: where all else goes from now on, when the first of its networks is left. */
  disconnect(id: ContainerId, nic: ContainerNic, gateway?: string): Promise<void>;
  counters(id: ContainerId): Promise<ContainerCounters>;
  processes(id: ContainerId): Promise<readonly ContainerProcessInfo[]>;
  /** What the host's kernel knows of it: namespaces, cgroup files, capabilities, seccomp, mounts, veth. */
  inspect(id: ContainerId): Promise<ContainerKernel>;

  changes(id: ContainerId): Promise<readonly ContainerChange[]>;
  /** What it changed as an OCI layer (tar with whiteouts), for commit and build. */
  changesLayer(id: ContainerId): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /**
   * Paths are resolved inside the container's root; a symlink cannot lead out. Without a view they are those that its processes
   * have or, while it has none, those of its root alone.
   */
  statPath(id: ContainerId, path: string, view?: ContainerView): Promise<ContainerPathStat>;
  /** A tar of what is at `path`, named as docker names it: by its last part. */
  copyOut(id: ContainerId, path: string, view?: ContainerView): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** A tar of the container's whole root, without what is mounted in it. */
  exportRoot(id: ContainerId): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  copyIn(
    id: ContainerId,
    path: string,
    tar: ReadableStream<Uint8Array>,
    options: {
      readonly noOverwriteDirNonDir: boolean;
      /** Who gets everything, by ids of the container; absent: as the archive says. */
      readonly owner?: { readonly uid: number; readonly gid: number };
    },
    view?: ContainerView,
  ): Promise<void>;

  /** Directories on the host's disk by a name. */
  createVolume(name: string): Promise<void>;
  removeVolume(name: string): Promise<void>;
  volumeBytes(name: string): Promise<number>;
  /** A tar of a volume, to move it to another host, and back. */
  exportVolume(name: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  importVolume(name: string, tar: ReadableStream<Uint8Array>): Promise<void>;
}

/** The hosts that there are. The engine says on which a container belongs. */
export interface ContainerHosts {
  /** Those that run now. */
  readonly hosts: readonly ContainerHost[];
  readonly changed: Event<readonly ContainerHost[]>;
  /** Names of those that were removed, and with them all that was on their disk. */
  readonly removed: Event<string>;
  /** Whether there is one of that name, running or not. */
  has(name: string): boolean;
  /** The one of that name, started when it does not run; without a name the first, which is made when there is none. */
  open(name?: string, operation?: Operation): Promise<ContainerHost>;
  /**
   * One that is on all of these networks of the lab or can be put on them, of those that run the one with most memory free;
   * made if need be.
   */
  openOn(networks: readonly string[], operation?: Operation): Promise<ChosenHost>;
}

/** A host that was chosen among others, with why. */
export interface ChosenHost {
  readonly host: ContainerHost;
  readonly choice: HostChoice;
}
