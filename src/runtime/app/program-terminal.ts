import { type Clock, delay } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { type ProgramFigures, SharedTerminal } from './shared-terminal';
import { lineCost, maxAhead, type TerminalEnd, type ToProgram, type ToTerminal } from './terminal-protocol';
import type { ProgramTerminal } from './wasi/program-io';

/**
 * How a program waits: by JSPI, in the middle of a call, so that its thread goes on; by standing still, for which
 * memory has to be shared; or not at all.
 */
export type Waiting = 'jspi' | 'shared' | 'none';

/** `apart`: the program is in other threads, of which nobody knows how long they have the CPU. */
type TerminalUse = Waiting | 'apart';

/** The longest that a timer of a browser waits, milliseconds; whoever waits looks again then. */
const longestWaitMs = 2 ** 31 - 1;

/** A program's terminal, and the count of the time that it does not wait for it. */
export interface MeteredTerminal extends ProgramTerminal {
  readonly figures: ProgramFigures;
  /** Called before it begins, when it waits and when it ends. */
  measure(running: boolean): void;
  /** Where its memory's size is asked for. */
  memoryBytes: () => number;
  /** Nothing is written any more. */
  finish(): void;
}

export function openProgramTerminal(end: TerminalEnd, waiting: TerminalUse, clock: Clock): MeteredTerminal {
  if (waiting === 'shared' && end.shared) return new StandingTerminal(end.port, new SharedTerminal(end.shared), clock);
  return new YieldingTerminal(end.port, waiting, clock);
}

/** What both kinds have: output with credit, lines read in pieces, and figures. */
abstract class TerminalBase {
  memoryBytes = (): number => 0;
  readonly figures: ProgramFigures = { busyMs: 0, runningSince: 0, memoryBytes: 0 };
  protected readonly port: MessagePort;
  protected readonly clock: Clock;
  #sent = 0;
  #rest: Uint8Array | undefined;

  constructor(port: MessagePort, clock: Clock) {
    this.port = port;
    this.clock = clock;
  }

  protected abstract readonly acknowledged: number;
  protected abstract readonly hasLine: boolean;
  protected abstract takeLine(): Uint8Array | undefined;

  get readable(): boolean {
    return this.#rest !== undefined || this.hasLine;
  }

  read(most: number): Uint8Array | undefined {
    const line = this.#rest ?? this.takeLine();
    if (!line) return undefined;
    if (!this.#rest) this.post({ taken: lineCost(line) });
    const given = line.subarray(0, most);
    this.#rest = given.length < line.length ? line.subarray(given.length) : undefined;
    return given;
  }

  write(bytes: Uint8Array): number {
    const room = maxAhead - ((this.#sent - this.acknowledged) >>> 0);
    const count = Math.min(bytes.length, Math.max(0, room));
    if (count > 0) this.send(bytes.slice(0, count), 0);
    return count;
  }

  measure(running: boolean): void {
    const now = this.clock.now();
    const { figures } = this;
    if (figures.runningSince > 0) figures.busyMs += Math.max(0, now - figures.runningSince);
    figures.runningSince = running ? now : 0;
    figures.memoryBytes = this.memoryBytes();
  }

  finish(): void {
    this.post({ over: true });
  }

  protected send(bytes: Uint8Array<ArrayBuffer>, skipped: number): void {
    this.#sent = (this.#sent + bytes.length) >>> 0;
    this.port.postMessage({ bytes, skipped } satisfies ToTerminal, [bytes.buffer]);
  }

  protected post(message: ToTerminal): void {
    this.port.postMessage(message);
  }
}

/** The thread goes on while the program waits, and hears what is typed. */
class YieldingTerminal extends TerminalBase implements MeteredTerminal {
  protected acknowledged = 0;
  readonly #lines: Uint8Array[] = [];
  readonly #waiting: TerminalUse;
  readonly #waiters = new Set<() => void>();
  news = 0;

  constructor(port: MessagePort, waiting: TerminalUse, clock: Clock) {
    super(port, clock);
    this.#waiting = waiting;
    port.onmessage = ({ data }: MessageEvent<ToProgram>) => {
      if ('line' in data) this.#lines.push(data.line);
      else this.acknowledged = (this.acknowledged + data.acknowledged) >>> 0;
      this.news += 1;
      for (const wake of [...this.#waiters]) wake();
    };
  }

  protected get hasLine(): boolean {
    return this.#lines.length > 0;
  }

  protected takeLine(): Uint8Array | undefined {
    return this.#lines.shift();
  }

  /** A program that cannot wait for room loses what there is none for, and the reader is told how much. */
  override write(bytes: Uint8Array): number {
    const taken = super.write(bytes);
    if (taken < bytes.length && this.#waiting === 'none') {
      this.send(new Uint8Array(), bytes.length - taken);
      return bytes.length;
    }
    return taken;
  }

  wait(seen: number, ms: number | undefined): void | Promise<void> {
    if (seen !== this.news) return;
    if (this.#waiting === 'none') throw cannotWait();
    if (this.#waiting !== 'apart') this.measure(false);
    const over = new AbortController();
    const wake = (): void => over.abort();
    this.#waiters.add(wake);
    return delay(this.clock, ms ?? longestWaitMs, over.signal).then(() => {
      this.#waiters.delete(wake);
      if (this.#waiting !== 'apart') this.measure(true);
    });
  }
}

/** The thread stands still while the program waits. */
class StandingTerminal extends TerminalBase implements MeteredTerminal {
  readonly #shared: SharedTerminal;

  constructor(port: MessagePort, shared: SharedTerminal, clock: Clock) {
    super(port, clock);
    this.#shared = shared;
  }

  get news(): number {
    return this.#shared.news;
  }

  protected get acknowledged(): number {
    return this.#shared.acknowledged;
  }

  protected get hasLine(): boolean {
    return this.#shared.hasLine;
  }

  protected takeLine(): Uint8Array | undefined {
    return this.#shared.take();
  }

  override measure(running: boolean): void {
    super.measure(running);
    this.#shared.figures = this.figures;
  }

  wait(seen: number, ms: number | undefined): void {
    this.measure(false);
    this.#shared.wait(seen, ms);
    this.measure(true);
  }
}

function cannotWait(): SandboxError {
  const message =
    'The program waits for what is typed or for time to pass, which this browser cannot do in WebAssembly here: ' +
    'it has no JSPI (Chromium 137 and later have it), and the page is not cross-origin isolated. Open the page in ' +
    'such a browser, or in a tab of its own from a server that sends its headers';
  return new SandboxError('Unimplemented', message);
}
