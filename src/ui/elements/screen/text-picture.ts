import { cellFlag, cellWords, type ScreenCursor, type ScreenFont, type ScreenUpdate } from '../../../api/screen';

type TextUpdate = Extract<ScreenUpdate, { mode: 'text' }>;

/** A canvas's context, as far as it is needed to draw text on it. */
export interface TextCanvas {
  resize(width: number, height: number): void;
  /** RGBA rows from that line on, as wide as the canvas. */
  draw(pixels: Uint8ClampedArray<ArrayBuffer>, y: number): void;
}

/** Of the 512 glyphs, where those of the second font begin. */
const secondFont = 256;

/** A text screen's cells as a picture, drawn with the glyphs that the machine has loaded into its display. */
export class TextPicture {
  readonly #canvas: TextCanvas;
  #rows: Uint32Array[] = [];
  #columns = 0;
  #font: ScreenFont | undefined;
  #cursor: ScreenCursor | undefined;

  constructor(canvas: TextCanvas) {
    this.#canvas = canvas;
  }

  /** `anew`: the canvas showed something else before. */
  apply({ columns, rows, changed, cursor, font }: TextUpdate, anew: boolean): void {
    const resized = columns !== this.#columns || rows !== this.#rows.length;
    if (resized) this.#rows = Array.from({ length: rows }, () => new Uint32Array(columns * cellWords));
    this.#columns = columns;
    if (font) this.#font = font;
    const dirty = new Set(changed.map(({ row }) => row));
    for (const { row, cells } of changed) this.#rows[row] = cells;
    for (const each of [this.#cursor, cursor]) if (each) dirty.add(each.row);
    this.#cursor = cursor;
    if (!this.#font) return;
    if (resized || anew || font) {
      this.#canvas.resize(columns * this.#font.width, rows * this.#font.height);
      for (const row of this.#rows.keys()) this.#draw(row, this.#font);
    } else for (const row of dirty) this.#draw(row, this.#font);
  }

  #draw(row: number, font: ScreenFont): void {
    const cells = this.#rows[row];
    if (!cells) return;
    const { width, height } = font;
    const pixels = new Uint32Array(this.#columns * width * height);
    for (let column = 0; column < this.#columns; column += 1) {
      this.#drawCell(pixels, column, cells, font);
    }
    const cursor = this.#cursor;
    if (cursor?.row === row) this.#drawCursor(pixels, cursor, cells, font);
    this.#canvas.draw(new Uint8ClampedArray(pixels.buffer), row * height);
  }

  #drawCell(pixels: Uint32Array, column: number, cells: Uint32Array, font: ScreenFont): void {
    const { width, height, joined, glyphs } = font;
    const [word = 0, background = 0, foreground = 0] = cells.subarray(column * cellWords, (column + 1) * cellWords);
    const character = word & 0xff;
    const glyph = (character + (word & cellFlag.secondFont ? secondFont : 0)) * height;
    const [paper, ink] = [colorWord(background), colorWord(foreground)];
    const repeats = joined && character >= 0xc0 && character <= 0xdf;
    const stride = this.#columns * width;
    for (let y = 0; y < height; y += 1) {
      const bits = glyphs[glyph + y] ?? 0;
      const at = y * stride + column * width;
      for (let x = 0; x < width; x += 1) pixels[at + x] = isSet(bits, x, width, repeats) ? ink : paper;
    }
  }

  /** It does not blink: what blinks disturbs. */
  #drawCursor(pixels: Uint32Array, { column, first, last }: ScreenCursor, cells: Uint32Array, font: ScreenFont): void {
    const { width, height } = font;
    const ink = colorWord(cells[column * cellWords + 2] ?? 0);
    const stride = this.#columns * width;
    for (let y = first; y <= Math.min(last, height - 1); y += 1) {
      const at = y * stride + column * width;
      pixels.fill(ink, at, at + width);
    }
  }
}

/** A glyph has eight columns; cells of nine repeat the last or leave the ninth empty, those of sixteen double each. */
function isSet(bits: number, x: number, width: number, repeats: boolean): boolean {
  const column = width === 16 ? x >> 1 : x;
  if (column < 8) return (bits & (0x80 >> column)) !== 0;
  return repeats && (bits & 1) !== 0;
}

/** 0xRRGGBB as a word of RGBA bytes in memory, opaque. */
function colorWord(color: number): number {
  return (0xff000000 | ((color & 0xff) << 16) | (color & 0xff00) | (color >> 16)) >>> 0;
}
