/** Where something stands; lines and columns count from 1. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** The lines of an instruction, those of its heredocs among them. */
export interface SourceRange {
  readonly start: SourcePosition;
  readonly endLine: number;
}

/** A text that stands below its instruction, up to a line with its name alone (`<<EOF`). */
export interface Heredoc {
  readonly name: string;
  /** Where a `<<` had digits in front: the file that it is for. */
  readonly fileDescriptor: number;
  /** Whether variables in it are replaced: unless any of its name was quoted. */
  readonly expand: boolean;
  /** Whether tabs at the beginning of its lines are taken away (`<<-`). They are still in `content`. */
  readonly chomp: boolean;
  readonly content: string;
}

/** What a container is told to run. */
export type CommandLine =
  | { readonly form: 'shell'; readonly text: string; readonly heredocs: readonly Heredoc[] }
  | { readonly form: 'exec'; readonly argv: readonly string[] };

export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** What all instructions have. */
interface Placed {
  readonly range: SourceRange;
  /** The instruction on one line, continuations joined, without heredocs. */
  readonly source: string;
}

/** What COPY and ADD have alike. Nothing in it is expanded yet. */
export interface CopySources {
  /** Paths, in ADD also URLs. */
  readonly sources: readonly string[];
  /** Files whose bytes stand in the Dockerfile; `name` is that of the file. */
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly link: boolean;
  readonly excludes: readonly string[];
}

export interface FromInstruction extends Placed {
  readonly is: 'from';
  readonly image: string;
  /** In lower case. */
  readonly name?: string;
  readonly platform?: string;
}

export interface ArgInstruction extends Placed {
  readonly is: 'arg';
  readonly args: readonly { readonly name: string; readonly value?: string }[];
}

export interface CopyInstruction extends Placed, CopySources {
  readonly is: 'copy';
  readonly from?: string;
  readonly parents: boolean;
}

export interface AddInstruction extends Placed, CopySources {
  readonly is: 'add';
  readonly checksum?: string;
  /** Whether archives are unpacked; absent for the usual: those of the context are, those of URLs are not. */
  readonly unpack?: boolean;
}

export interface RunInstruction extends Placed {
  readonly is: 'run';
  readonly command: CommandLine;
  /** The values of `--mount`, see `run-mount.ts`. */
  readonly mounts: readonly string[];
  readonly network: 'default' | 'none' | 'host';
  readonly security: 'sandbox' | 'insecure';
}

export interface HealthcheckInstruction extends Placed {
  readonly is: 'healthcheck';
  /** `['NONE']`, `['CMD', …]` or `['CMD-SHELL', text]`. */
  readonly test: readonly string[];
  /** Nanoseconds, as docker counts them; absent for the usual. */
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}

export interface WorkdirInstruction extends Placed {
  readonly is: 'workdir';
  readonly value: string;
}

/** An instruction in a stage. Nothing in it is expanded yet. */
export type StageInstruction =
  | ArgInstruction
  | CopyInstruction
  | AddInstruction
  | RunInstruction
  | HealthcheckInstruction
  | (Placed & { readonly is: 'env' | 'label'; readonly pairs: readonly NamedValue[] })
  | (Placed & { readonly is: 'cmd' | 'entrypoint'; readonly command: CommandLine })
  | (Placed & { readonly is: 'shell'; readonly argv: readonly string[] })
  | (Placed & { readonly is: 'expose'; readonly ports: readonly string[] })
  | (Placed & { readonly is: 'volume'; readonly paths: readonly string[] })
  | (Placed & { readonly is: 'user' | 'stopsignal' | 'maintainer'; readonly value: string })
  | WorkdirInstruction
  /** To be run by who builds on the image; a whole instruction, heredocs included. */
  | (Placed & { readonly is: 'onbuild'; readonly expression: string });

export type Instruction = FromInstruction | StageInstruction;

export interface StageDefinition {
  readonly from: FromInstruction;
  readonly instructions: readonly StageInstruction[];
}

export interface DockerfileWarning {
  readonly message: string;
  readonly line: number;
}

/** A Dockerfile as it stands: nothing is expanded, no stage looked up. */
export interface Dockerfile {
  readonly escapeToken: string;
  /** Of the directive `syntax`; it is read, and nothing is fetched for it. */
  readonly syntax?: string;
  /** In front of the first FROM. */
  readonly metaArgs: readonly ArgInstruction[];
  readonly stages: readonly StageDefinition[];
  readonly warnings: readonly DockerfileWarning[];
}
