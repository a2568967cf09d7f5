import type { ConsoleAttachment, ConsoleOutput, Instance, Process, ProgramId, TerminalSize } from '../../api/instance';
import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';

/** What a shell is run in. */
export type ShellHost = Pick<Instance, 'exec' | 'reattach' | 'state' | 'states'>;

/** What is said in the terminal when its program ends or cannot be had. */
export interface ShellWords {
  ended(code: number): string;
  failed(why: string): string;
  /** The program ended with its machine. */
  lost(why: string): string;
  off(): string;
  /** Said where the program of an earlier page is not there any more. */
  gone(): string;
}

/** What an earlier page has left of a shell: the program that ran in it, if one did. */
export interface EarlierShell {
  readonly program?: ProgramId;
}

export interface ShellOptions {
  readonly host: () => ShellHost | undefined;
  readonly words: ShellWords;
  /** The program is sought once the machine goes on, and none is started unasked. */
  readonly earlier?: EarlierShell;
  /** Called when `program` or `waiting` has changed. */
  readonly onChange?: () => void;
}

/** Bytes delivered and not acknowledged beyond which the program is held back. */
const unackedLimit = 256 * 1024;

/** Bytes typed or pasted that wait for the program; what is beyond is dropped and counted. */
const inputLimit = 1024 * 1024;

/**
 * Undoes what a program that was cut off left behind: modes (DECSTR), the alternate screen, mouse reports,
 * bracketed paste, and whatever it drew below.
 */
const afterProgram = '\r\n\x1b[!p\x1b[?1047l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m\x1b[J';

const argv = ['/bin/sh', '-l'];
const enter = 13;

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/**
 * A login shell on a pseudo-terminal, as something a terminal attaches to like to a console. The program
 * lives as long as the attachment, and over a reload of the page; when it ends, Enter starts another.
 */
export class ShellSource {
  readonly #options: ShellOptions;
  #earlier: EarlierShell | undefined;
  #shell: AttachedShell | undefined;

  constructor(options: ShellOptions) {
    this.#options = options;
    this.#earlier = options.earlier;
  }

  /** The program that runs, or that is still to be sought. */
  get program(): ProgramId | undefined {
    return this.#shell ? this.#shell.program : this.#earlier?.program;
  }

  /** It waits for its machine to go on. */
  get waiting(): boolean {
    return this.#shell?.waiting ?? this.#earlier !== undefined;
  }

  /** Its program has ended, or could not be had. */
  get ended(): boolean {
    return this.#shell?.ended ?? false;
  }

  /** Whether a program runs now; closing the tab would end it. */
  get running(): boolean {
    return this.#shell?.running ?? false;
  }

  /** One attachment at a time: a second ends the first and its program. */
  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    this.#shell?.dispose();
    const { host, words, onChange = () => {} } = this.#options;
    const shell = new AttachedShell(host, words, onOutput, onChange, this.#earlier);
    this.#earlier = undefined;
    this.#shell = shell;
    return shell;
  }
}

type ShellState = 'new' | 'waiting' | 'starting' | 'running' | 'ended';

class AttachedShell implements ConsoleAttachment {
  readonly #host: () => ShellHost | undefined;
  readonly #words: ShellWords;
  readonly #onOutput: (output: ConsoleOutput) => void;
  readonly #onChange: () => void;
  #earlier: EarlierShell | undefined;
  #machine: Disposable | undefined;
  #size: TerminalSize = { columns: 80, rows: 24 };
  #process: Process | undefined;
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #state: ShellState = 'new';
  #disposed = false;
  #unacked = 0;
  #resume: (() => void) | undefined;
  #inputPending = 0;
  #inputDropped = 0;
  /** Typed while the program was on its way up. */
  readonly #typedAhead: Uint8Array[] = [];

  constructor(
    host: () => ShellHost | undefined,
    words: ShellWords,
    onOutput: (output: ConsoleOutput) => void,
    onChange: () => void,
    earlier: EarlierShell | undefined,
  ) {
    this.#host = host;
    this.#words = words;
    this.#onOutput = onOutput;
    this.#onChange = onChange;
    this.#earlier = earlier;
  }

  get program(): ProgramId | undefined {
    return this.#process?.id ?? this.#earlier?.program;
  }

  get waiting(): boolean {
    return this.#state === 'waiting';
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  get running(): boolean {
    return this.#state === 'running' || this.#state === 'starting';
  }

  /** Bytes of input that did not fit. */
  get inputDropped(): number {
    return this.#inputDropped;
  }

  dispose(): void {
    this.#disposed = true;
    this.#machine?.dispose();
    this.#resume?.();
    this.#process?.kill('SIGHUP');
    this.#input?.close().catch(() => {});
  }

  write(bytes: Uint8Array): void {
    if (this.#state === 'ended') {
      if (bytes.includes(enter)) void this.#start();
      return;
    }
    const starts = this.#state === 'starting';
    if (!this.#input && !starts) return;
    if (this.#inputPending + bytes.length > inputLimit) {
      this.#inputDropped += bytes.length;
      return;
    }
    this.#inputPending += bytes.length;
    if (this.#input) this.#send(this.#input, bytes);
    else this.#typedAhead.push(bytes);
  }

  #send(input: WritableStreamDefaultWriter<Uint8Array>, bytes: Uint8Array): void {
    // A write fails when the program has ended, which is told by its exit.
    const done = (): void => {
      this.#inputPending -= bytes.length;
    };
    input.write(bytes).then(done, done);
  }

  /** The first size starts the program, so that it never sees another. */
  resize(size: TerminalSize): void {
    this.#size = size;
    if (this.#state === 'new') {
      if (this.#earlier) this.#seek();
      else void this.#start();
    } else this.#process?.resize(size);
  }

  acknowledge(bytes: number): void {
    this.#unacked -= bytes;
    if (this.#unacked <= unackedLimit) this.#resume?.();
  }

  /** Waits for the machine to go on, and comes back to the program that it had then. */
  #seek(): void {
    const host = this.#host();
    this.#enter('waiting');
    if (host?.state.phase === 'running') void this.#comeBack(host);
    else this.#machine = host?.states(({ phase }) => phase === 'running' && void this.#comeBack(host));
  }

  async #comeBack(host: ShellHost): Promise<void> {
    this.#machine?.dispose();
    const { program } = this.#earlier ?? {};
    this.#earlier = undefined;
    if (program === undefined) {
      this.#end(this.#words.gone());
      return;
    }
    await this.#run(async (size) => {
      try {
        const process = await host.reattach(program);
        process.resize(size);
        // Whatever draws its own screen, a shell's prompt included, does so again.
        process.kill('SIGWINCH');
        return process;
      } catch {
        return this.#words.gone();
      }
    });
  }

  async #start(): Promise<void> {
    const host = this.#host();
    if (host?.state.phase !== 'running') {
      this.#end(this.#words.off());
      return;
    }
    await this.#run((size) => host.exec({ argv, terminal: size }));
  }

  /** Joins the terminal to a program until that ends; without one, what is to be said. */
  async #run(begin: (size: TerminalSize) => Promise<Process | string>): Promise<void> {
    this.#enter('starting');
    const size = this.#size;
    try {
      const process = await begin(size);
      if (typeof process === 'string') {
        this.#end(process);
        return;
      }
      if (this.#disposed) {
        process.kill('SIGHUP');
        return;
      }
      this.#process = process;
      this.#input = process.stdin.getWriter();
      // The writer's end is the program's end; nobody listens to it twice.
      this.#input.closed.catch(() => {});
      this.#enter('running');
      for (const bytes of this.#typedAhead.splice(0)) this.#send(this.#input, bytes);
      if (size !== this.#size) process.resize(this.#size);
      await this.#pump(process.stdout);
      this.#end(this.#words.ended(await process.exited));
    } catch (error) {
      const why = error instanceof SandboxError ? error.message : String(error);
      this.#end(this.#process ? this.#words.lost(why) : this.#words.failed(why));
    }
  }

  async #pump(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const reader = stdout.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.#disposed) break;
      this.#deliver(value);
      while (this.#unacked > unackedLimit && !this.#disposed) await this.#acknowledged();
    }
    if (this.#disposed) await reader.cancel();
  }

  #acknowledged(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  #end(message: string): void {
    this.#process = undefined;
    this.#input = undefined;
    for (const { length } of this.#typedAhead.splice(0)) this.#inputPending -= length;
    this.#enter('ended');
    this.#say(message);
  }

  #enter(state: ShellState): void {
    this.#state = state;
    if (!this.#disposed) this.#onChange();
  }

  #say(message: string): void {
    this.#deliver(encode(`${afterProgram}[${message}]\r\n`));
  }

  #deliver(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#disposed) return;
    this.#unacked += bytes.length;
    this.#onOutput({ bytes, skipped: 0 });
  }
}
