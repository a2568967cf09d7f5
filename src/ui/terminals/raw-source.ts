import type { ConsoleAttachment, ConsoleOutput } from '../../api/instance';
import { toSandboxError } from '../../base/errors';

/** A TCP connection as two streams. */
export interface RawConnection {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
}

/** What is said in the terminal beside what comes. */
export interface RawWords {
  connected(): string;
  failed(why: string): string;
  ended(): string;
}

export interface RawOptions {
  readonly connect: () => Promise<RawConnection>;
  readonly words: RawWords;
}

/** Bytes delivered and not acknowledged beyond which the other side is held back. */
const unackedLimit = 256 * 1024;

/** What one line can have, as in a terminal of Unix (N_TTY_BUF_SIZE). */
const lineLimit = 4096;

const keys = { end: '\x04', interrupt: '\x03', enter: '\r', backspace: '\x7f', killLine: '\x15' } as const;

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/**
 * A TCP connection in a terminal, as `nc -C` on a tty: what is typed is shown, can be mended, and is sent with Enter
 * as a line of the protocols that people speak by hand (CR LF); Ctrl+D ends our side, Ctrl+C the connection. When it is over, Enter connects again.
 */
export class RawSource {
  readonly #options: RawOptions;
  #attached: AttachedConnection | undefined;

  constructor(options: RawOptions) {
    this.#options = options;
  }

  /** One attachment at a time: a second ends the first and its connection. */
  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    this.#attached?.dispose();
    this.#attached = new AttachedConnection(this.#options, onOutput);
    return this.#attached;
  }
}

class AttachedConnection implements ConsoleAttachment {
  readonly #options: RawOptions;
  readonly #onOutput: (output: ConsoleOutput) => void;
  #line = '';
  #unacked = 0;
  #wake: (() => void) | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  #state: 'open' | 'ended' | 'disposed' = 'ended';

  constructor(options: RawOptions, onOutput: (output: ConsoleOutput) => void) {
    this.#options = options;
    this.#onOutput = onOutput;
    void this.#connect();
  }

  write(bytes: Uint8Array): void {
    for (const key of new TextDecoder().decode(bytes)) this.#key(key);
  }

  /** Lines are the terminal's own here. */
  resize(): void {}

  acknowledge(bytes: number): void {
    this.#unacked -= bytes;
    this.#wake?.();
  }

  dispose(): void {
    this.#state = 'disposed';
    this.#cut();
  }

  async #connect(): Promise<void> {
    const { connect, words } = this.#options;
    this.#state = 'open';
    this.#line = '';
    try {
      const { readable, writable } = await connect();
      this.#writer = writable.getWriter();
      this.#writer.closed.catch(() => {});
      const reader = readable.getReader();
      this.#reader = reader;
      if (this.#disposed()) return this.#cut();
      this.#say(words.connected());
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        this.#show(withReturns(next.value));
        while (this.#unacked > unackedLimit && !this.#disposed()) await this.#news();
        if (this.#disposed()) return;
      }
      this.#ended(words.ended());
    } catch (error) {
      this.#ended(words.failed(toSandboxError(error).message));
    }
  }

  #disposed(): boolean {
    return this.#state === 'disposed';
  }

  #ended(said: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#cut();
    this.#say(said);
  }

  #cut(): void {
    this.#writer?.close().catch(() => {});
    this.#writer = undefined;
    this.#reader?.cancel().catch(() => {});
    this.#wake?.();
  }

  #key(key: string): void {
    if (this.#state === 'ended') {
      if (key === keys.enter) void this.#connect();
      return;
    }
    if (!this.#writer) return;
    if (key === keys.enter) this.#sendLine();
    else if (key === keys.interrupt) this.#ended(this.#options.words.ended());
    else if (key === keys.end) this.#writer.close().catch(() => {});
    else if (key === keys.backspace) this.#erase(1);
    else if (key === keys.killLine) this.#erase([...this.#line].length);
    else if (key >= ' ' && this.#line.length < lineLimit) {
      this.#line += key;
      this.#show(encode(key));
    }
  }

  #sendLine(): void {
    this.#writer?.write(encode(`${this.#line}\r\n`)).catch(() => {});
    this.#line = '';
    this.#show(encode('\r\n'));
  }

  #erase(count: number): void {
    const characters = [...this.#line];
    const erased = Math.min(count, characters.length);
    this.#line = characters.slice(0, characters.length - erased).join('');
    this.#show(encode('\b \b'.repeat(erased)));
  }

  #say(text: string): void {
    this.#show(encode(`\r\n\x1b[0m[${text}]\r\n`));
  }

  #show(bytes: Uint8Array<ArrayBuffer>): void {
    this.#unacked += bytes.length;
    this.#onOutput({ bytes, skipped: 0 });
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Lines as a terminal wants them (ONLCR). */
function withReturns(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const returned: number[] = [];
  chunk.forEach((byte, index) => {
    if (byte === 10 && chunk[index - 1] !== 13) returned.push(13);
    returned.push(byte);
  });
  return Uint8Array.from(returned);
}
