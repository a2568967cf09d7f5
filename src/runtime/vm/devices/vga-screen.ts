import { cellFlag, type ScreenUpdate } from '../../../api/screen';
import type { ScreenAdapter, ScreenLayer, Vga } from '../v86-internals';
import { GraphicsScreen } from './graphics-screen';
import { cellWord, TextScreen } from './text-screen';

/** What stands on the machine's screen: v86's display draws here, and {@link take} tells what has changed. */
export class VgaScreen implements ScreenAdapter {
  readonly FLAG_BLINKING = cellFlag.blinking;
  readonly FLAG_FONT_PAGE_B = cellFlag.secondFont;
  readonly #vga: Vga;
  readonly #text = new TextScreen();
  readonly #graphics = new GraphicsScreen();
  #graphical = false;

  constructor(vga: Vga) {
    this.#vga = vga;
    vga.screen = this;
  }

  /** To be called 25 times a second or so, also while nobody looks: guests wait for a picture to have been drawn. */
  retrace(): void {
    this.#vga.update_vertical_retrace();
  }

  /** The next {@link take} tells everything. */
  invalidate(): void {
    this.#text.invalidate();
    this.#graphics.invalidate();
  }

  /** Draws, and tells what has changed since the last call; undefined when nothing has. */
  take(): ScreenUpdate | undefined {
    // A mode that is being switched to has no picture yet.
    if (this.#vga.graphical_mode && !this.#graphics.ready) return undefined;
    this.#vga.screen_fill_buffer();
    return this.#graphical ? this.#graphics.take() : this.#text.take();
  }

  set_mode(graphical: boolean): void {
    if (graphical === this.#graphical) return;
    this.#graphical = graphical;
    this.invalidate();
  }

  /** v86 tells everything anew after it. */
  clear_text_state(): void {
    this.#text.invalidate();
  }

  set_size_text(columns: number, rows: number): void {
    this.#text.resize(columns, rows);
  }

  put_char(
    row: number,
    column: number,
    character: number,
    flags: number,
    background: number,
    foreground: number,
  ): void {
    this.#text.put(row, column, cellWord(character, flags), background, foreground);
  }

  update_cursor(row: number, column: number): void {
    this.#text.moveCursor(row, column);
  }

  update_cursor_scanline(first: number, last: number, visible: boolean): void {
    this.#text.shapeCursor(first, last, visible);
  }

  set_font_bitmap(
    height: number,
    nine: boolean,
    doubled: boolean,
    joined: boolean,
    glyphs: Uint8Array,
    changed: boolean,
  ): void {
    const width = doubled ? 16 : nine ? 9 : 8;
    this.#text.setFont({ width, height, joined }, glyphs, changed);
  }

  set_font_page(first: number, second: number): void {
    this.#text.setPages(first, second);
  }

  set_size_graphical(width: number, height: number): void {
    this.#graphics.resize(width, height);
  }

  clear_screen(): void {
    this.#graphics.clear();
  }

  update_buffer(layers: readonly ScreenLayer[]): void {
    this.#graphics.draw(layers);
  }
}
