/** How a module came to its end by itself. */
export type GuestEnd =
  /** It called exit, or its main returned. */
  | { readonly kind: 'exited'; readonly status: number }
  /** It called abort; the last line of its console says why. */
  | { readonly kind: 'aborted'; readonly lastLine: string }
  /** A trap, or a call that a module that is sound does not make. */
  | { readonly kind: 'crashed'; readonly message: string }
  /** There was no memory for it; none of it has run. */
  | { readonly kind: 'exhausted' };

/** Thrown through a module's frames to end it; what stands above them takes it. */
export class GuestEnded extends Error {
  readonly end: GuestEnd;

  constructor(end: GuestEnd) {
    super(`The guest has ended: ${end.kind}`);
    this.end = end;
  }
}

/** The end that something thrown through a module's frames means. */
export function endOf(thrown: unknown): GuestEnd {
  if (thrown instanceof GuestEnded) return thrown.end;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { kind: 'crashed', message };
}
