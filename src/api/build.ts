import type { ErrorRecord } from '../base/errors';
import type { ContainerResources } from './container';
import type { Digest } from './content-store';
import type { Platform } from './image';
import type { Operation } from './operation';

/** A file of a context that is no tar. Paths are relative, with slashes; folders above files need not be told. */
export interface ContextFile {
  readonly path: string;
  readonly bytes: Blob | Uint8Array<ArrayBuffer>;
  /** 0o644 when absent. */
  readonly mode?: number;
  /** Milliseconds since the epoch; 0 when absent. */
  readonly modifiedAt?: number;
}

/** What COPY and ADD take their files from. */
export type BuildContext =
  /** Plain, or compressed by gzip or zstd; as docker's client sends it. */
  | { readonly kind: 'tar'; readonly tar: Blob | ReadableStream<Uint8Array> }
  /** Of a folder that was dropped on the page, or of its editor. */
  | { readonly kind: 'files'; readonly files: AsyncIterable<ContextFile> | Iterable<ContextFile> };

/** Docker's options of a build (`docker build --help`, and the query of `POST /build`). */
export interface BuildOptions {
  /** The Dockerfile's path in the context; `Dockerfile` when absent. */
  readonly dockerfile?: string;
  /** The Dockerfile itself, where the context has none (`-f -`). */
  readonly dockerfileText?: string;
  /** Names of the image; without any it has none. */
  readonly tags?: readonly string[];
  /** The name or the number of the last stage to build. */
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** `linux/386` when absent, which is what guests here are. */
  readonly platform?: Platform;
  readonly noCache?: boolean;
  /** Looks for a newer image of the same name even if there is one. */
  readonly pull?: boolean;
  /** Of RUN where the instruction says nothing. */
  readonly network?: BuildRunRequest['network'];
  /** What `RUN --mount=type=secret` gives, by id. */
  readonly secrets?: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
  readonly limits?: BuildLimits;
  /** Seconds since the epoch: no time in the image is later, so that the same build gives the same digest. */
  readonly sourceDateEpoch?: number;
}

/** What processes of RUN may have: docker's options of that name, which make no difference to what a step is. */
export interface BuildLimits {
  readonly resources: ContainerResources;
  /** `NAME:ADDRESS` */
  readonly extraHosts: readonly string[];
  /** Bytes of `/dev/shm`; 64 MiB when absent. */
  readonly shmSize?: number;
}

/** Something that a build does, in the order in which they begin. */
export interface BuildStep {
  /** From 1. */
  readonly number: number;
  /** How BuildKit names it: `[build 2/4] COPY . /app`; absent for what it does not show: `ENV`, `CMD` and their like. */
  readonly vertex?: string;
  /** Of a FROM whose image has ONBUILD instructions: how many, which come next. */
  readonly triggers?: number;
  /** Of an instruction: as the classic builder names it, and the how many-th of all it is. */
  readonly instruction?: { readonly text: string; readonly index: number; readonly total: number };
}

/** Some lines of the Dockerfile around what failed. */
export interface BuildExcerpt {
  readonly file: string;
  /** Number of the first of `lines`. */
  readonly from: number;
  readonly lines: readonly string[];
  /** The instruction's. */
  readonly marked: { readonly from: number; readonly to: number };
}

/** How a build goes. The last event is `built` or `failed`. */
export type BuildEvent =
  | { readonly kind: 'started'; readonly step: BuildStep }
  /** `id` (of all events): what the id of an image of this state is, or would be; none of `scratch`. */
  | { readonly kind: 'cached'; readonly step: number; readonly id: Digest }
  /** A process runs for the step, under this name. */
  | { readonly kind: 'running'; readonly step: number; readonly name: string }
  /** `at`: milliseconds since the step began. */
  | {
      readonly kind: 'log';
      readonly step: number;
      readonly stream: 'stdout' | 'stderr';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly at: number;
    }
  | { readonly kind: 'finished'; readonly step: number; readonly ms: number; readonly id?: Digest }
  | { readonly kind: 'warning'; readonly message: string; readonly line?: number }
  | {
      readonly kind: 'built';
      readonly step: number;
      readonly ms: number;
      /** Of its manifest, and of its config. */
      readonly image: Digest;
      readonly config: Digest;
      /** In docker's short form. */
      readonly names: readonly string[];
    }
  /** `step` is absent where none had begun. `Canceled` where the operation was aborted. Nothing is left of the build. */
  | {
      readonly kind: 'failed';
      readonly error: ErrorRecord;
      readonly step?: number;
      readonly excerpt?: BuildExcerpt;
    };

/** Bytes of layers that are kept for builds alone, and how many steps they are of. */
export interface BuildCacheUsage {
  readonly steps: number;
  readonly bytes: number;
  /** When the first of them was made, and the last used: milliseconds since the epoch. Absent without any. */
  readonly createdAt?: number;
  readonly usedAt?: number;
}

/** Which steps to forget; all without any. */
export interface CachePruneOptions {
  /** Those that were not of use since then: milliseconds since the epoch. */
  readonly usedBefore?: number;
  /** Those that were of use last stay, up to so many bytes. */
  readonly keepBytes?: number;
}

/** Builds images of Dockerfiles. */
export interface ImageBuilder {
  /** Never throws: how it ended is the last event. Whoever leaves the loop cancels the build. */
  build(
    context: BuildContext,
    options?: BuildOptions,
    operation?: Operation,
  ): AsyncGenerator<BuildEvent, void, undefined>;
  cacheUsage(): Promise<BuildCacheUsage>;
  /** Forgets steps. Returns how many bytes that freed. */
  pruneCache(options?: CachePruneOptions): Promise<number>;
}

/** What is mounted for a RUN besides what every container has. */
export type BuildMount =
  /** A file or a directory of the tree that layers make; what is written there is thrown away. */
  | {
      readonly kind: 'tree';
      readonly layers: readonly Digest[];
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** Its tar: what is at `source` is called `name` in it. No link has been followed out of the tree. */
      readonly open: (name: string) => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
    }
  /** A directory that outlives the build, by its id. */
  | {
      readonly kind: 'cache';
      readonly id: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly size?: number }
  /** A secret, or the file of a heredoc: never in the layer. */
  | {
      readonly kind: 'file';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly target: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    };

/** A process that a RUN asks for. */
export interface BuildRunRequest {
  /** diffIDs of the layers below, the lowest first. */
  readonly layers: readonly Digest[];
  readonly argv: readonly string[];
  /** `NAME=value` */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids?: readonly number[] };
  readonly network: 'default' | 'none' | 'host';
  readonly mounts: readonly BuildMount[];
  readonly limits?: BuildLimits;
}

/** A process that runs for a RUN. */
export interface BuildRun {
  /** For people: of the container, or whatever it runs in. */
  readonly name: string;
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** 0 to 255; 128 + the signal's number. */
  readonly exited: Promise<number>;
  /** What it changed, as a layer's tar with whiteouts. To be asked for once it has exited. */
  changes(): Promise<ReadableStream<Uint8Array>>;
  /** Ends the process, and takes away all that it left. */
  dispose(): Promise<void>;
}

/** Runs the processes of a build. */
export interface BuildRunner {
  /** `InvalidArgument` in the runtime's words where the command cannot be run. The signal ends it. */
  run(request: BuildRunRequest, operation?: Operation): Promise<BuildRun>;
}
