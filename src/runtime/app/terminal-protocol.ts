/** From a program to its terminal. */
export type ToTerminal =
  /** Output, and how many bytes were lost just before. */
  | { readonly bytes: Uint8Array<ArrayBuffer>; readonly skipped: number }
  /** The program has begun to read lines that take so many bytes ({@link lineCost}). */
  | { readonly taken: number }
  /** Nothing comes any more. */
  | { readonly over: true };

/** From a terminal to its program. Where memory is shared, it goes by that instead. */
export type ToProgram =
  | { readonly acknowledged: number }
  /** Empty: the end of input. */
  | { readonly line: Uint8Array };

/** The program's end of a terminal. */
export interface TerminalEnd {
  readonly port: MessagePort;
  /** Where the program's thread stands still while it waits. */
  readonly shared?: SharedArrayBuffer;
}

/** Bytes of output on their way; a program that has more waits. */
export const maxAhead = 256 * 1024;

/** Bytes of lines that wait for the program. What is typed beyond that is refused with a bell. */
export const maxTypedAhead = 256 * 1024;

/** What a line counts for. */
export function lineCost(line: Uint8Array): number {
  return line.length + 4;
}
