import type { ConsoleAttachment, ConsoleOutput } from '../../api/instance';
import { createDeferred } from '../../base/deferred';
import { Emitter, type Event } from '../../base/events';
import { ConsoleHub } from '../vm/console-hub';
import { LineDiscipline, type Typed } from './line-discipline';
import { SharedTerminal } from './shared-terminal';
import { lineCost, maxTypedAhead, type TerminalEnd, type ToProgram, type ToTerminal } from './terminal-protocol';

const bell = Uint8Array.of(7);
const newline = 10;
const carriageReturn = 13;

/**
 * The page's end of an app's terminal: its scrollback, which outlives programs, and the line discipline, which a Unix
 * has in its kernel.
 */
export class AppTerminal {
  readonly #hub = new ConsoleHub();
  readonly #discipline = new LineDiscipline();
  readonly #signals = new Emitter<NonNullable<Typed['signal']>>();
  #port: MessagePort | undefined;
  #shared: SharedTerminal | undefined;
  /** What lines that the program has not read yet count for. */
  #typedAhead = 0;
  #over = createDeferred<void>();

  /** Fires when Ctrl+C or Ctrl+\ was typed. */
  readonly signals: Event<NonNullable<Typed['signal']>> = this.#signals.event;

  /** The end for a new program; with memory that is shared, if it needs that to wait. */
  connect(isShared: boolean): TerminalEnd {
    this.disconnect();
    const { port1, port2 } = new MessageChannel();
    const shared = isShared ? SharedTerminal.create() : undefined;
    this.#port = port1;
    this.#shared = shared && new SharedTerminal(shared);
    const over = createDeferred<void>();
    this.#over = over;
    port1.onmessage = ({ data }: MessageEvent<ToTerminal>) => {
      if ('taken' in data) this.#typedAhead -= data.taken;
      else if ('over' in data) over.resolve();
      else this.#show(data.bytes, data.skipped);
    };
    return { port: port2, ...(shared && { shared }) };
  }

  /** Resolves when all that a program that has ended has printed is here. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  disconnect(): void {
    this.#shared = undefined;
    this.#typedAhead = 0;
    this.#discipline.reset();
    this.#port?.close();
    this.#port = undefined;
  }

  /** What is typed goes to the program that is connected, also before it has begun; without one, nowhere. */
  attach(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    const reader = this.#hub.attach(onOutput);
    return {
      dispose: () => reader.dispose(),
      acknowledge: (bytes) => reader.acknowledge(bytes),
      write: (bytes) => {
        if (this.#port) this.#type(bytes);
      },
      resize: () => {},
    };
  }

  /** A line of ours among what the program prints. */
  say(text: string): void {
    this.#hub.write(new TextEncoder().encode(`${text}\r\n`));
  }

  get figures() {
    return this.#shared?.figures;
  }

  #type(bytes: Uint8Array): void {
    const { echo, lines, signal } = this.#discipline.type(bytes);
    if (echo.length > 0) this.#hub.write(echo);
    for (const line of lines) this.#give(line);
    if (signal) this.#signals.fire(signal);
  }

  #give(line: Uint8Array): void {
    const cost = lineCost(line);
    if (this.#typedAhead + cost > maxTypedAhead) {
      this.#hub.write(bell);
      return;
    }
    this.#typedAhead += cost;
    if (this.#shared) this.#shared.put(line);
    else this.#tell({ line });
  }

  #show(bytes: Uint8Array, skipped: number): void {
    if (skipped > 0) this.#hub.skip(skipped);
    this.#hub.write(withReturns(bytes));
    if (this.#shared) this.#shared.acknowledge(bytes.length);
    else this.#tell({ acknowledged: bytes.length });
  }

  #tell(message: ToProgram): void {
    this.#port?.postMessage(message);
  }
}

/** A newline goes to the beginning of the next line (termios(3): OPOST, ONLCR). */
function withReturns(bytes: Uint8Array): Uint8Array {
  const newlines = bytes.reduce((count, byte) => (byte === newline ? count + 1 : count), 0);
  if (newlines === 0) return bytes;
  const shown = new Uint8Array(bytes.length + newlines);
  let at = 0;
  for (const byte of bytes) {
    if (byte === newline) {
      shown[at] = carriageReturn;
      at += 1;
    }
    shown[at] = byte;
    at += 1;
  }
  return shown;
}
