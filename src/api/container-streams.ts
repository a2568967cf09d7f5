/** Some of what a container, or a process in it, has written. With a terminal all of it is `stdout`. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface AttachOptions {
  /** First what it wrote before. */
  readonly logs?: boolean;
  /** And then what it writes from now on. */
  readonly stream?: boolean;
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}

/** Somebody's view of a container's streams. */
export interface AttachedStreams {
  /** The container has a terminal: the API sends bytes as they are, and in frames otherwise. */
  readonly tty: boolean;
  /** Ends with the container; canceling it detaches. A reader that does not read holds the container back. */
  readonly output: ReadableStream<OutputChunk>;
  /**
   * Only with `stdin`, of a container that has one open. Closing it is its end of file when the container has StdinOnce and no
   * terminal, and elsewhere the end of `output`; aborting it ends no `output`.
   */
  readonly input?: WritableStream<Uint8Array>;
  /** To be called when the detach keys were typed, and then `output` canceled. */
  readonly detached?: () => void;
}

export interface LogOptions {
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly follow?: boolean;
  /** Milliseconds since the epoch, with fractions; from this on. */
  readonly since?: number;
  /** Up to this. */
  readonly until?: number;
  /** Each line begins with its time (RFC3339Nano) and a space. */
  readonly timestamps?: boolean;
  /** Each line begins with what the options of the log name, and a space; a time comes before that. */
  readonly details?: boolean;
  /** So many lines at the end; all when absent. */
  readonly tail?: number;
}

export interface LogStream {
  readonly tty: boolean;
  /** Lines, each with its stream. Canceling ends it. */
  readonly output: ReadableStream<OutputChunk>;
}
