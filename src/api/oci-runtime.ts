/** What we use of the OCI runtime specification's `config.json` (runtime-spec 1.1, config.md and config-linux.md). */

export interface OciRuntimeConfig {
  readonly ociVersion: string;
  readonly process: OciProcess;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly root?: { readonly path: string; readonly readonly?: boolean };
  readonly mounts?: readonly OciMount[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: OciLinux;
}

export interface OciProcess {
  readonly terminal?: boolean;
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly umask?: number;
    readonly additionalGids?: readonly number[];
  };
  readonly args: readonly string[];
  readonly env?: readonly string[];
  readonly cwd: string;
  readonly capabilities?: Readonly<
    Partial<Record<'bounding' | 'effective' | 'inheritable' | 'permitted' | 'ambient', readonly string[]>>
  >;
  readonly rlimits?: readonly { readonly type: string; readonly hard: number; readonly soft: number }[];
  readonly noNewPrivileges?: boolean;
  readonly oomScoreAdj?: number;
}

export interface OciMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
}

export interface OciIdMap {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface OciLinux {
  readonly namespaces?: readonly { readonly type: string; readonly path?: string }[];
  readonly uidMappings?: readonly OciIdMap[];
  readonly gidMappings?: readonly OciIdMap[];
  readonly devices?: readonly {
    readonly type: string;
    readonly path: string;
    readonly major?: number;
    readonly minor?: number;
    readonly fileMode?: number;
    readonly uid?: number;
    readonly gid?: number;
  }[];
  readonly cgroupsPath?: string;
  readonly resources?: OciResources;
  readonly rootfsPropagation?: string;
  readonly seccomp?: OciSeccomp;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
}

/** Bytes or operations a second. */
interface OciThrottle {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

export interface OciResources {
  readonly devices?: readonly {
    readonly allow: boolean;
    readonly type?: string;
    readonly major?: number;
    readonly minor?: number;
    readonly access?: string;
  }[];
  /** Bytes; -1: no limit. */
  readonly memory?: { readonly limit?: number; readonly reservation?: number; readonly swap?: number };
  /** Microseconds, and docker's weight of 2 to 262144. */
  readonly cpu?: {
    readonly shares?: number;
    readonly quota?: number;
    readonly period?: number;
    readonly cpus?: string;
    readonly mems?: string;
  };
  readonly pids?: { readonly limit: number };
  readonly blockIO?: {
    readonly weight?: number;
    readonly throttleReadBpsDevice?: readonly OciThrottle[];
    readonly throttleWriteBpsDevice?: readonly OciThrottle[];
    readonly throttleReadIOPSDevice?: readonly OciThrottle[];
    readonly throttleWriteIOPSDevice?: readonly OciThrottle[];
  };
  /** Files of the cgroup by their names. */
  readonly unified?: Readonly<Record<string, string>>;
}

export interface OciSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly syscalls?: readonly {
    readonly names: readonly string[];
    readonly action: string;
    readonly errnoRet?: number;
    readonly args?: readonly {
      readonly index: number;
      readonly value: number;
      readonly valueTwo?: number;
      readonly op: string;
    }[];
  }[];
}
