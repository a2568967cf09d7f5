import type { ConsoleToClient, ConsoleToWorker } from '../vm/vm-protocol';

/** Bytes that may be on their way to the console's reader; what does not fit is skipped and counted. */
const maxUnacknowledged = 256 * 1024;

/** Kept of the last output, to say what a module's last words were. */
const tailBytes = 400;

/**
 * The tender's end of a console. It keeps nothing: the scrollback is with the page's end, and a module is never held
 * back by a reader.
 */
export class ConsoleSender {
  readonly #port: MessagePort;
  readonly #tail = new Uint8Array(tailBytes);
  #pending: ConsoleToClient[] = [];
  #unacknowledged = 0;
  #skipped = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<ConsoleToWorker>) => {
      if ('acknowledged' in data) this.#unacknowledged -= data.acknowledged;
    };
  }

  /** Copies the bytes; they leave at {@link flush}. */
  write(bytes: Uint8Array): void {
    const taken = bytes.slice(0, Math.max(0, maxUnacknowledged - this.#unacknowledged));
    if (taken.length > 0) {
      this.#pending.push({ bytes: taken, skipped: this.#skipped });
      this.#unacknowledged += taken.length;
      this.#skipped = 0;
    }
    this.#skipped += bytes.length - taken.length;
    this.#remember(bytes.subarray(-tailBytes));
  }

  flush(): void {
    for (const piece of this.#pending.splice(0)) this.#port.postMessage(piece, [piece.bytes.buffer]);
  }

  /** The last line that has something in it. */
  get lastLine(): string {
    const text = new TextDecoder().decode(this.#tail).replaceAll('\0', '');
    return text.trim().split('\n').at(-1)?.trim() ?? '';
  }

  /** Sends what is left, and says how much was lost at the end, and that it is the end. */
  close(): void {
    this.flush();
    const last: ConsoleToClient = { bytes: new Uint8Array(0), skipped: this.#skipped, last: true };
    this.#port.postMessage(last);
    this.#port.close();
  }

  #remember(bytes: Uint8Array): void {
    this.#tail.copyWithin(0, bytes.length);
    this.#tail.set(bytes, tailBytes - bytes.length);
  }
}
