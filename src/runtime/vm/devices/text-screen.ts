import {
  cellFlag,
  cellWords,
  type ScreenCursor,
  type ScreenFont,
  type ScreenRow,
  type ScreenUpdate,
} from '../../../api/screen';

/** Characters of a font, bytes of each in the display's memory, and fonts that it holds there. */
const characters = 256;
const storedHeight = 32;
const fonts = 8;

/** More than a display has; what a guest programs beyond is cut. */
const maxColumns = 256;
const maxRows = 128;

interface FontShape {
  readonly width: number;
  readonly height: number;
  readonly joined: boolean;
}

/** The cells of a text mode, and which of them have changed since they were taken last. */
export class TextScreen {
  #columns = 0;
  #rows = 0;
  #cells = new Uint32Array(0);
  #changed = new Uint8Array(0);
  #cursor: ScreenCursor = { row: 0, column: 0, first: 14, last: 15 };
  #cursorShown = true;
  #shape: FontShape = { width: 9, height: 16, joined: true };
  #glyphs = new Uint8Array(characters * storedHeight * fonts);
  #pages: readonly [number, number] = [0, 0];
  #fontChanged = true;
  #moved = true;

  constructor() {
    this.resize(80, 25);
  }

  resize(columns: number, rows: number): void {
    const [width, height] = [Math.min(columns, maxColumns), Math.min(rows, maxRows)];
    if (width === this.#columns && height === this.#rows) return;
    this.#columns = width;
    this.#rows = height;
    this.#cells = new Uint32Array(width * height * cellWords);
    this.#changed = new Uint8Array(height).fill(1);
  }

  put(row: number, column: number, word: number, background: number, foreground: number): void {
    if (row >= this.#rows || column >= this.#columns) return;
    const at = (row * this.#columns + column) * cellWords;
    const cells = this.#cells;
    if (cells[at] === word && cells[at + 1] === background && cells[at + 2] === foreground) return;
    cells[at] = word;
    cells[at + 1] = background;
    cells[at + 2] = foreground;
    this.#changed[row] = 1;
  }

  moveCursor(row: number, column: number): void {
    if (row === this.#cursor.row && column === this.#cursor.column) return;
    this.#cursor = { ...this.#cursor, row, column };
    this.#moved = true;
  }

  shapeCursor(first: number, last: number, shown: boolean): void {
    const { first: before, last: lastBefore } = this.#cursor;
    if (first === before && last === lastBefore && shown === this.#cursorShown) return;
    this.#cursor = { ...this.#cursor, first, last };
    this.#cursorShown = shown;
    this.#moved = true;
  }

  /** `glyphs` is the display's memory: eight fonts of 256 characters of 32 bytes. */
  setFont(shape: FontShape, glyphs: Uint8Array, changed: boolean): void {
    const { width, height, joined } = this.#shape;
    if (!changed && shape.width === width && shape.height === height && shape.joined === joined) return;
    this.#shape = shape;
    this.#glyphs.set(glyphs.subarray(0, this.#glyphs.length));
    this.#fontChanged = true;
  }

  setPages(first: number, second: number): void {
    if (first === this.#pages[0] && second === this.#pages[1]) return;
    this.#pages = [first % fonts, second % fonts];
    this.#fontChanged = true;
  }

  /** Everything counts as changed. */
  invalidate(): void {
    this.#changed.fill(1);
    this.#fontChanged = true;
    this.#moved = true;
  }

  /** What has changed since the last call; undefined when nothing has. */
  take(): ScreenUpdate | undefined {
    const changed = this.#takeRows();
    if (changed.length === 0 && !this.#moved && !this.#fontChanged) return undefined;
    const font = this.#fontChanged ? this.#font() : undefined;
    this.#moved = false;
    this.#fontChanged = false;
    const { row, column } = this.#cursor;
    const cursor = this.#cursorShown && row < this.#rows && column < this.#columns ? this.#cursor : undefined;
    return {
      mode: 'text',
      columns: this.#columns,
      rows: this.#rows,
      changed,
      ...(cursor && { cursor }),
      ...(font && { font }),
    };
  }

  #takeRows(): readonly ScreenRow[] {
    const words = this.#columns * cellWords;
    const rows: ScreenRow[] = [];
    for (const [row, changed] of this.#changed.entries()) {
      if (changed) rows.push({ row, cells: this.#cells.slice(row * words, (row + 1) * words) });
    }
    this.#changed.fill(0);
    return rows;
  }

  #font(): ScreenFont {
    const { height } = this.#shape;
    const glyphs = new Uint8Array(2 * characters * height);
    for (const [index, page] of this.#pages.entries()) {
      for (let character = 0; character < characters; character += 1) {
        const from = (page * characters + character) * storedHeight;
        glyphs.set(this.#glyphs.subarray(from, from + height), (index * characters + character) * height);
      }
    }
    return { ...this.#shape, glyphs };
  }
}

/** A cell's first word. */
export function cellWord(character: number, flags: number): number {
  return (character & 0xff) | (flags & (cellFlag.blinking | cellFlag.secondFont));
}
