/** What typing has come to. */
export interface Typed {
  /** To be shown. */
  readonly echo: Uint8Array<ArrayBuffer>;
  /** Lines that are complete, each with its newline; an empty one is the end of input. */
  readonly lines: readonly Uint8Array<ArrayBuffer>[];
  /** Ctrl+C or Ctrl+\ was among it; what came before that is dropped. */
  readonly signal?: 'SIGINT' | 'SIGQUIT';
}

const key = {
  interrupt: 3,
  endOfInput: 4,
  backspace: 8,
  tab: 9,
  newline: 10,
  carriageReturn: 13,
  killLine: 21,
  eraseWord: 23,
  suspend: 26,
  quit: 28,
  space: 32,
  delete: 127,
} as const;

/** Longer lines are given to the program in pieces. */
const maxLineBytes = 16 * 1024;

const eraseOne = [key.backspace, key.space, key.backspace];

/**
 * The line discipline of a terminal in cooked mode, as a Unix has it in its kernel (termios(3): ICANON, ECHO, ECHOE,
 * ECHOCTL, ISIG, ICRNL): a program that reads gets lines, which can be corrected until Enter.
 */
export class LineDiscipline {
  #line: number[] = [];

  type(bytes: Uint8Array): Typed {
    const echo: number[] = [];
    const lines: Uint8Array<ArrayBuffer>[] = [];
    let signal: Typed['signal'];
    const finish = (): void => {
      lines.push(Uint8Array.from(this.#line));
      this.#line = [];
    };
    for (const byte of bytes) {
      switch (byte) {
        case key.carriageReturn:
        case key.newline:
          echo.push(key.carriageReturn, key.newline);
          this.#line.push(key.newline);
          finish();
          break;
        case key.endOfInput:
          finish();
          break;
        case key.interrupt:
        case key.quit:
          echo.push(...visible(byte), key.carriageReturn, key.newline);
          signal = byte === key.interrupt ? 'SIGINT' : 'SIGQUIT';
          this.#line = [];
          lines.length = 0;
          break;
        case key.suspend:
          break;
        case key.backspace:
        case key.delete:
          echo.push(...this.#erase());
          break;
        case key.killLine:
          while (this.#line.length > 0) echo.push(...this.#erase());
          break;
        case key.eraseWord:
          while (this.#line.at(-1) === key.space) echo.push(...this.#erase());
          while (this.#line.length > 0 && this.#line.at(-1) !== key.space) echo.push(...this.#erase());
          break;
        default:
          echo.push(...visible(byte));
          this.#line.push(byte);
          if (this.#line.length >= maxLineBytes) finish();
      }
    }
    return { echo: Uint8Array.from(echo), lines, ...(signal && { signal }) };
  }

  /** Hands over what was typed and not ended by Enter: to whoever reads key by key from now on (termios(3), ICANON off). */
  take(): Uint8Array<ArrayBuffer> {
    const line = Uint8Array.from(this.#line);
    this.#line = [];
    return line;
  }

  /** What was typed and not ended by Enter is forgotten. */
  reset(): void {
    this.#line = [];
  }

  /** Takes the last character off the line; the bytes that take it off the screen. */
  #erase(): readonly number[] {
    let last = this.#line.pop();
    if (last === undefined) return [];
    // A character of UTF-8: its first byte, and those that follow it.
    while (last !== undefined && isFollowing(last)) last = this.#line.pop();
    return last !== undefined && isControl(last) && last !== key.tab ? [...eraseOne, ...eraseOne] : eraseOne;
  }
}

/** Control characters are shown as ^C. */
function visible(byte: number): readonly number[] {
  return isControl(byte) && byte !== key.tab ? [0x5e, byte ^ 0x40] : [byte];
}

function isControl(byte: number): boolean {
  return byte < key.space || byte === key.delete;
}

function isFollowing(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
