import type { ScreenInput } from '../../../api/screen';
import type { EmulatorBus } from '../v86-internals';

/** Bytes of one message: a person presses a few keys at once, and each takes six bytes at most. */
const maxKeyBytes = 256;
/** Counts of one move; a mouse tells eight bits and a sign. */
const maxCounts = 4096;

type Buttons = Extract<ScreenInput, { buttons: unknown }>['buttons'];

const released: Buttons = { left: false, middle: false, right: false };

/** The machine's keyboard and mouse. */
export class PcInput {
  readonly #bus: EmulatorBus;
  readonly #down = new Set<number>();
  #buttons = released;
  #extended = false;

  constructor(bus: EmulatorBus) {
    this.#bus = bus;
  }

  /** What does not make sense is left out: it comes from another thread. */
  send(input: ScreenInput): void {
    if ('keys' in input) this.#type(input.keys.slice(0, maxKeyBytes));
    else if ('move' in input) this.#bus.send('mouse-delta', [limited(input.move.x), -limited(input.move.y)]);
    else if ('buttons' in input) this.#press(input.buttons);
    else this.#bus.send('mouse-wheel', [limited(input.wheel), 0]);
  }

  /** Nobody is there any more who could let a key go. */
  releaseAll(): void {
    for (const code of [...this.#down]) {
      const bytes = code > 0xff ? [0xe0, (code & 0xff) | 0x80] : [code | 0x80];
      for (const byte of bytes) this.#bus.send('keyboard-code', byte);
    }
    this.#down.clear();
    this.#extended = false;
    if (this.#buttons !== released) this.#press(released);
  }

  #type(bytes: readonly number[]): void {
    for (const byte of bytes) {
      if (!Number.isInteger(byte) || byte < 0 || byte > 0xff) continue;
      this.#bus.send('keyboard-code', byte);
      this.#remember(byte);
    }
  }

  #remember(byte: number): void {
    if (byte === 0xe0 || byte === 0xe1) {
      this.#extended = byte === 0xe0;
      return;
    }
    const code = (byte & 0x7f) | (this.#extended ? 0xe000 : 0);
    this.#extended = false;
    if (byte & 0x80) this.#down.delete(code);
    else this.#down.add(code);
  }

  #press(buttons: Buttons): void {
    this.#buttons = buttons;
    this.#bus.send('mouse-click', [buttons.left, buttons.middle, buttons.right]);
  }
}

function limited(counts: number): number {
  return Number.isFinite(counts) ? Math.min(maxCounts, Math.max(-maxCounts, Math.round(counts))) : 0;
}
