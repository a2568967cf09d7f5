import { cellWords, type ScreenUpdate } from '../../../api/screen';
import { decodeCodePage437 } from '../../../formats/code-page-437';

/** What a machine's screen says, for who cannot see it and for who wants to copy it. */
export class ScreenText {
  #rows: string[] = [];
  #graphics = false;

  /** Whether the screen shows pixels now, of which nobody knows what they say. */
  get graphics(): boolean {
    return this.#graphics;
  }

  /** Without the blanks at the ends of lines and below the last of them. */
  get text(): string {
    return this.#rows.join('\n').trimEnd();
  }

  apply(update: ScreenUpdate): void {
    this.#graphics = update.mode === 'graphics';
    if (update.mode === 'graphics') {
      this.#rows = [];
      return;
    }
    this.#rows.length = update.rows;
    for (const { row, cells } of update.changed) this.#rows[row] = decodeRow(cells);
    for (let row = 0; row < update.rows; row += 1) this.#rows[row] ??= '';
  }
}

function decodeRow(cells: Uint32Array): string {
  return decodeCodePage437(cells.filter((_, index) => index % cellWords === 0)).trimEnd();
}
