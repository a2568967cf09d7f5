import type { Event } from '../base/events';
import type {
  ContainerConfig,
  ContainerCreateBody,
  ContainerInspect,
  ContainerResources,
  ContainerSummary,
  ContainerTop,
  ContainerWait,
  RestartPolicy,
} from './container';
import type { EventMessage, EventOptions, Filters } from './container-event';
import type { ExecCreateBody, ExecInspect } from './container-exec';
import type { ContainerChange, ContainerHosts, ContainerId, ContainerPathStat } from './container-host';
import type { ContainerKernel } from './container-kernel';
import type { NetworkConnectBody, NetworkCreateBody, NetworkInspect } from './container-network';
import type { ContainerStats } from './container-stats';
import type { AttachedStreams, AttachOptions, LogOptions, LogStream } from './container-streams';
import type { EngineInfo, EngineUsage, EngineVersion, PruneReport } from './container-system';
import type { ContainerVolume, VolumeCreateBody } from './container-volume';
import type { Digest } from './content-store';
import type { TerminalSize } from './instance';
import type { Operation } from './operation';
import type { PlacementDecision } from './placement';

/**
 * The container engine as the API, the command line and the page use it. A container is named by its name, with or without
 * the slash, its id, or the beginning of that. Messages are docker's; codes stand for its status: `NotFound` 404,
 * `InvalidArgument` 400, `AlreadyExists` and `FailedPrecondition` 409, `Unimplemented` 501, `Unavailable` 503, the rest 500.
 * Images are not here: `engine/images.ts` and `engine/registries.ts` have them.
 */
export interface ContainerEngine {
  readonly containers: EngineContainers;
  readonly execs: EngineExecs;
  readonly volumes: EngineVolumes;
  readonly networks: EngineNetworks;
  readonly hosts: ContainerHosts;
  readonly placements: EnginePlacements;

  /** Remembered ones first. Refuses filters that it does not know with `InvalidArgument`. */
  events(options?: EventOptions): ReadableStream<EventMessage>;
  /** All containers, newest first, as of now. */
  list(): readonly ContainerSummary[];
  /** Fires with the same whenever one has changed. */
  readonly changed: Event<readonly ContainerSummary[]>;
  /** Ports of running containers that are to be reached from outside; they change with the containers. */
  published(): readonly PublishedPort[];
  version(): EngineVersion;
  info(): Promise<EngineInfo>;
  usage(): Promise<EngineUsage>;
}

/** Where containers were put, and why. */
export interface EnginePlacements {
  /** The last hundred, newest first. */
  list(): readonly PlacementDecision[];
  readonly changed: Event<readonly PlacementDecision[]>;
  /** The host that has a container's root; undefined before its first start, and when there is no such container. */
  hostOf(container: ContainerId): string | undefined;
}

/** `-p`: a port of a container and the number that stands for it. Who has a way to the outside opens it there. */
export interface PublishedPort {
  readonly container: string;
  readonly name: string;
  /** Of the lab, and its address there: where `Lab.connect` leads to. */
  readonly network: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** As it was asked for; empty: any. */
  readonly hostIp: string;
  readonly hostPort: number;
}

/**
 * Of all calls with a name: `NotFound` "No such container: web", `InvalidArgument` "multiple IDs found with provided prefix:
 * ab". Where a running one is needed: `FailedPrecondition` "container … is not running". Answers of `false` say that there
 * was nothing to do, which the API calls 304.
 */
export interface EngineContainers {
  /**
   * The image has to be there. Errors: `NotFound` "No such image: x:latest", `AlreadyExists` "Conflict. The container name
   * "/web" is already in use by container "…". You have to remove (or rename) that container to be able to reuse that name.",
   * `InvalidArgument` for what is wrong with the body ("No command specified", "invalid mount config for type …").
   */
  create(
    body: ContainerCreateBody,
    options?: { readonly name?: string; readonly platform?: string },
    operation?: Operation,
  ): Promise<{ readonly Id: string; readonly Warnings: readonly string[] }>;
  /** Without `all` those that run. Newest first. `limit` includes those that do not run. */
  list(options?: {
    readonly all?: boolean;
    readonly limit?: number;
    readonly size?: boolean;
    readonly filters?: Filters;
  }): Promise<readonly ContainerSummary[]>;
  inspect(name: string, options?: { readonly size?: boolean }): Promise<ContainerInspect>;
  /** The view of the host's kernel: namespaces, cgroup files, capabilities, seccomp, mounts, veth. */
  inspectKernel(name: string): Promise<ContainerKernel>;
  /**
   * Errors: `InvalidArgument` with the runtime's words where the command cannot be run (the container's exit code is 126 or
   * 127 then), `FailedPrecondition` for a port that is taken ("Bind for 0.0.0.0:80 failed: port is already allocated").
   */
  start(name: string, operation?: Operation): Promise<boolean>;
  /** `seconds` of grace; -1: for ever; absent: the container's own, or 10. */
  stop(name: string, options?: { readonly signal?: string; readonly seconds?: number }): Promise<boolean>;
  restart(name: string, options?: { readonly signal?: string; readonly seconds?: number }): Promise<void>;
  /** A name with or without SIG, or a number; SIGKILL when absent. `InvalidArgument` "invalid signal: x". */
  kill(name: string, signal?: string): Promise<void>;
  /** `FailedPrecondition` "container … is already paused" and "… is not paused". */
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  /** Errors as of `create` for the name. */
  rename(name: string, newName: string): Promise<void>;
  update(
    name: string,
    resources: ContainerResources & { readonly RestartPolicy?: RestartPolicy },
  ): Promise<{ readonly Warnings: readonly string[] }>;
  /** Resolves once it watches, so that nothing is missed that happens after; `ended` then tells. */
  wait(
    name: string,
    condition?: 'not-running' | 'next-exit' | 'removed',
    signal?: AbortSignal,
  ): Promise<{ readonly ended: Promise<ContainerWait> }>;
  /** `FailedPrecondition` "cannot remove container "/web": container is running: stop the container before removing or force remove". */
  remove(name: string, options?: { readonly force?: boolean; readonly volumes?: boolean }): Promise<void>;
  prune(filters?: Filters): Promise<PruneReport>;

  attach(name: string, options: AttachOptions): Promise<AttachedStreams>;
  resize(name: string, size: TerminalSize): Promise<void>;
  /** `InvalidArgument` "Bad parameters: you must choose at least one stream". */
  logs(name: string, options: LogOptions): Promise<LogStream>;
  /** `args` of `ps`, `-ef` when absent. */
  top(name: string, args?: string): Promise<ContainerTop>;
  /** One reading a second, or with `stream: false` one alone; `oneShot` does not wait for one before it. */
  stats(
    name: string,
    options?: { readonly stream?: boolean; readonly oneShot?: boolean },
  ): Promise<ReadableStream<ContainerStats>>;

  changes(name: string): Promise<readonly ContainerChange[]>;
  /** `NotFound` "Could not find the file /x in container web". Of a stopped container as well. */
  statPath(name: string, path: string): Promise<ContainerPathStat>;
  copyOut(
    name: string,
    path: string,
  ): Promise<{ readonly stat: ContainerPathStat; readonly tar: ReadableStream<Uint8Array<ArrayBuffer>> }>;
  copyIn(
    name: string,
    path: string,
    tar: ReadableStream<Uint8Array>,
    options?: { readonly noOverwriteDirNonDir?: boolean; readonly copyUidGid?: boolean },
  ): Promise<void>;
  export(name: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  commit(
    name: string,
    options?: {
      readonly reference?: string;
      readonly message?: string;
      readonly author?: string;
      /** True unless told otherwise. */
      readonly pause?: boolean;
      /** Lines of a Dockerfile. */
      readonly changes?: readonly string[];
      readonly config?: ContainerConfig;
    },
    operation?: Operation,
  ): Promise<{ readonly Id: Digest }>;
}

/** `NotFound` "No such exec instance: …". */
export interface EngineExecs {
  /** `FailedPrecondition` "container … is not running" or "Container … is paused, unpause the container before exec". */
  create(
    container: string,
    body: ExecCreateBody,
    options?: {
      /** There are no events of it: somebody only looks. */
      readonly untold?: boolean;
    },
  ): Promise<{ readonly Id: string }>;
  /**
   * Its streams when it is attached; else it has begun. `FailedPrecondition` when it has begun before. `InvalidArgument` with
   * the runtime's words where the command cannot be run.
   */
  start(id: string, options: { readonly detach: boolean; readonly terminal?: TerminalSize }): Promise<AttachedStreams>;
  resize(id: string, size: TerminalSize): Promise<void>;
  inspect(id: string): Promise<ExecInspect>;
}

/** `NotFound` "get x: no such volume". */
export interface EngineVolumes {
  create(body: VolumeCreateBody): Promise<ContainerVolume>;
  list(filters?: Filters): Promise<readonly ContainerVolume[]>;
  inspect(name: string): Promise<ContainerVolume>;
  /** `FailedPrecondition` "remove x: volume is in use - [id]". */
  remove(name: string, force?: boolean): Promise<void>;
  /** Anonymous ones, or with the filter `all=true` every one that nobody uses. */
  prune(filters?: Filters): Promise<PruneReport>;
}

/** By name, id, or the beginning of that. `NotFound` "network x not found". */
export interface EngineNetworks {
  /** `AlreadyExists` "network with name x already exists". */
  create(body: NetworkCreateBody): Promise<{ readonly Id: string; readonly Warning: string }>;
  list(filters?: Filters): Promise<readonly NetworkInspect[]>;
  inspect(name: string): Promise<NetworkInspect>;
  connect(name: string, body: NetworkConnectBody): Promise<void>;
  disconnect(name: string, container: string, force?: boolean): Promise<void>;
  /** `FailedPrecondition` "error while removing network: network x id … has active endpoints". */
  remove(name: string): Promise<void>;
  prune(filters?: Filters): Promise<PruneReport>;
}
