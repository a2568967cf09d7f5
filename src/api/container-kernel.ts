/** What the kernel of its host says about a running container (docs/RUNTIME.md, `inspect`). */
export interface ContainerKernel {
  /** Of its first process, in the host's pid space. */
  readonly pid: number;
  /** Inode numbers of nsfs; equal ones are shared with the host. */
  readonly namespaces: readonly { readonly kind: string; readonly inside: number; readonly host: number }[];
  readonly user: {
    /** Real, effective, saved, of the file system; as the host sees them. */
    readonly uid: readonly number[];
    readonly gid: readonly number[];
    readonly uidMap: readonly { readonly inside: number; readonly outside: number; readonly size: number }[];
  };
  /** By their names: `CAP_CHOWN`. */
  readonly capabilities: Readonly<
    Record<'effective' | 'permitted' | 'inheritable' | 'bounding' | 'ambient', readonly string[]>
  >;
  readonly noNewPrivileges: boolean;
  readonly seccomp: { readonly mode: 'disabled' | 'strict' | 'filter'; readonly filters: number };
  readonly cgroup: { readonly path: string; readonly files: Readonly<Record<string, string>> };
  readonly mounts: readonly {
    readonly source: string;
    readonly target: string;
    readonly type: string;
    readonly options: string;
  }[];
  readonly interfaces: readonly { readonly name: string; readonly host: string; readonly bridge?: string }[];
}
