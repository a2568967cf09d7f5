import type { Instance } from '../../src/api/instance';
import type { ScreenAttachment, ScreenUpdate } from '../../src/api/screen';
import { scanCodes } from '../../src/formats/scan-codes';
import { ScreenText } from '../../src/ui/elements/screen/screen-text';

const shifted: Readonly<Record<string, string>> = { ':': 'Semicolon', '>': 'Period', '|': 'Backslash', '"': 'Quote' };
const plain: Readonly<Record<string, string>> = {
  ' ': 'Space',
  '\n': 'Enter',
  '-': 'Minus',
  '/': 'Slash',
  '.': 'Period',
  ';': 'Semicolon',
  '=': 'Equal',
};

/** Looks at an instance's screen, and types at its keyboard (US). */
export class ScreenReader {
  readonly #attachment: ScreenAttachment;
  readonly #text = new ScreenText();
  #pixels = new Map<string, number>();
  #size = '';
  #wake: () => void = () => {};

  constructor(instance: Instance) {
    if (!instance.attachScreen) throw new Error('The instance has no screen');
    this.#attachment = instance.attachScreen((update) => this.#apply(update));
  }

  get text(): string {
    return this.#text.text;
  }

  /** How many pixels of the picture have the color (0xRRGGBB), by the width and height it has. */
  count(color: number): { readonly size: string; readonly pixels: number } {
    return { size: this.#size, pixels: [...this.#pixels.values()].filter((each) => each === color).length };
  }

  async until(condition: string | ((reader: ScreenReader) => boolean)): Promise<string> {
    const fulfilled = (): boolean => (typeof condition === 'string' ? this.text.includes(condition) : condition(this));
    while (!fulfilled()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.text;
  }

  /** Presses and releases the keys of a text, one after the other. */
  type(text: string): void {
    for (const character of text) {
      const upper = /[A-Z]/.test(character) || character in shifted;
      const key = shifted[character] ?? plain[character] ?? codeOf(character);
      const stroke = [...(scanCodes(key, true) ?? []), ...(scanCodes(key, false) ?? [])];
      const keys = upper ? [0x2a, ...stroke, 0xaa] : stroke;
      this.#attachment.send({ keys });
    }
  }

  dispose(): void {
    this.#attachment.dispose();
  }

  #apply(update: ScreenUpdate): void {
    this.#text.apply(update);
    if (update.mode === 'graphics') {
      const size = `${update.width}x${update.height}`;
      if (size !== this.#size) this.#pixels.clear();
      this.#size = size;
      for (const { x, y, width, pixels } of update.changed) {
        for (let at = 0; at < pixels.length; at += 4) {
          const color = ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
          this.#pixels.set(`${x + ((at / 4) % width)},${y + Math.floor(at / 4 / width)}`, color);
        }
      }
    }
    this.#wake();
  }
}

function codeOf(character: string): string {
  return /\d/.test(character) ? `Digit${character}` : `Key${character.toUpperCase()}`;
}
