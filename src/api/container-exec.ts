/** The body of `POST /containers/{id}/exec`. */
export interface ExecCreateBody {
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly DetachKeys?: string;
  readonly Tty?: boolean;
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Privileged?: boolean;
  readonly User?: string;
  readonly WorkingDir?: string;
  /** Height and width, in character cells. */
  readonly ConsoleSize?: readonly number[];
}

/** What `GET /exec/{id}/json` answers. */
export interface ExecInspect {
  readonly ID: string;
  readonly Running: boolean;
  /** null before its end. */
  readonly ExitCode: number | null;
  readonly ProcessConfig: {
    readonly tty: boolean;
    readonly entrypoint: string;
    readonly arguments: readonly string[];
    readonly privileged: boolean;
    readonly user?: string;
  };
  readonly OpenStdin: boolean;
  readonly OpenStderr: boolean;
  readonly OpenStdout: boolean;
  readonly CanRemove: boolean;
  readonly ContainerID: string;
  readonly DetachKeys: string;
  readonly Pid: number;
}
