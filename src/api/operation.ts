/** How far a long piece of work has come. `total` is absent while unknown. */
export interface Progress {
  /** The phase for people, from a closed list of the operation: "Fetching the snapshot". */
  readonly phase: string;
  /** Units done, in bytes unless the phase says otherwise. */
  readonly done?: number;
  readonly total?: number;
}

/** What every long operation takes: a way to stop it and a way to watch it. */
export interface Operation {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}
