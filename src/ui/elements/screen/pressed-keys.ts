import { scanCodes } from '../../../formats/scan-codes';

/** Which keys of a machine's keyboard are down, so that none stays down when nobody is there to let it go. */
export class PressedKeys {
  readonly #down = new Set<string>();
  readonly #send: (keys: readonly number[]) => void;

  constructor(send: (keys: readonly number[]) => void) {
    this.#send = send;
  }

  /** False: a PC's keyboard has no such key, and it is the browser's. */
  handle(code: string, down: boolean): boolean {
    const bytes = scanCodes(code, down);
    if (!bytes) return false;
    // A key that went down elsewhere was never pressed here.
    if (!down && !this.#down.has(code)) return true;
    if (down) this.#down.add(code);
    else this.#down.delete(code);
    this.#send(bytes);
    // macOS does not tell of other keys that are let go while Command is down.
    if (!down && code.startsWith('Meta')) this.releaseAll();
    return true;
  }

  /** Presses keys one after the other, and lets them go in the other order. */
  press(codes: readonly string[]): void {
    for (const code of codes) this.handle(code, true);
    for (const code of [...codes].reverse()) this.handle(code, false);
  }

  releaseAll(): void {
    for (const code of this.#down) this.#send(scanCodes(code, false) ?? []);
    this.#down.clear();
  }
}
