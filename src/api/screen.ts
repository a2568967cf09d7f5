import type { Disposable } from '../base/lifecycle';

/** A row of a text screen. */
export interface ScreenRow {
  /** From 0, at the top. */
  readonly row: number;
  /** Three words for each cell: its character with {@link cellFlag} above it, background, foreground (0xRRGGBB). */
  readonly cells: Uint32Array<ArrayBuffer>;
}

/** Bits of a cell's first word; the lowest eight are the character, in the machine's code page. */
export const cellFlag = { blinking: 1 << 8, secondFont: 1 << 9 } as const;

/** Words that a cell takes. */
export const cellWords = 3;

export interface ScreenCursor {
  readonly row: number;
  readonly column: number;
  /** Its first and its last line within the cell. */
  readonly first: number;
  readonly last: number;
}

/** What the characters look like. */
export interface ScreenFont {
  /** Pixels of a cell: 8, 9 or 16 by 1 to 32. */
  readonly width: number;
  readonly height: number;
  /** The ninth column of the characters 0xC0 to 0xDF repeats their eighth, so that lines join. */
  readonly joined: boolean;
  /** 256 characters of the first font and 256 of the second, `height` bytes each, a bit for each pixel, leftmost highest. */
  readonly glyphs: Uint8Array<ArrayBuffer>;
}

export interface ScreenRectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** RGBA, row by row. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** What has changed on a machine's screen. */
export type ScreenUpdate =
  | {
      readonly mode: 'text';
      readonly columns: number;
      readonly rows: number;
      readonly changed: readonly ScreenRow[];
      /** Absent: there is none to be seen. */
      readonly cursor?: ScreenCursor;
      /** Absent: as it was. */
      readonly font?: ScreenFont;
    }
  | {
      readonly mode: 'graphics';
      readonly width: number;
      readonly height: number;
      readonly changed: readonly ScreenRectangle[];
    };

/** What a person does at the machine. */
export type ScreenInput =
  /** Bytes as a keyboard sends them (scan code set 1). */
  | { readonly keys: readonly number[] }
  /** Counts to the right and down. */
  | { readonly move: { readonly x: number; readonly y: number } }
  /** Which buttons are down now. */
  | { readonly buttons: { readonly left: boolean; readonly middle: boolean; readonly right: boolean } }
  /** Notches away from the person. */
  | { readonly wheel: number };

export interface ScreenAttachment extends Disposable {
  /** Harmless while the machine does not run. */
  send(input: ScreenInput): void;
}
