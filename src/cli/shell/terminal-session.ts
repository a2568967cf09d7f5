import type { TerminalSize } from '../../api/instance';
import { concatBytes } from '../../base/bytes';
import { Emitter } from '../../base/events';
import { type Disposable, toDisposable } from '../../base/lifecycle';
import { lexShellLine } from '../../formats/shellwords/lex-shell-line';
import { parseShellLine } from '../../formats/shellwords/parse-shell-line';
import { LineDiscipline } from '../../runtime/app/line-discipline';
import type { CommandIo, Output } from '../command-io';
import type { FileArea } from '../file-area';
import { completeLine } from './complete-line';
import { LineEditor } from './editor/line-editor';
import { runLine } from './run-line';
import type { ShellState } from './shell';

export interface TerminalSessionOptions {
  readonly shell: ShellState;
  readonly files: FileArea;
  /** Shows bytes; resolves when there is room for more. */
  readonly show: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  readonly size: TerminalSize;
  /** Called with each line that was entered. */
  readonly onLine?: (line: string) => void;
  /** Called with each line that is carried out; disposed of at its end. */
  readonly running?: (line: string) => Disposable;
  /** Said before the first prompt. */
  readonly greeting?: string;
}

/** Lines of history that are kept. */
export const historyLimit = 1000;

/** Bytes that wait for a command that does not read; what is beyond is dropped, as a terminal of Unix does. */
const inputLimit = 256 * 1024;

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** A shell in a terminal: prompt, line, command, and again, until Ctrl-D. */
export class TerminalSession implements Disposable {
  readonly #options: TerminalSessionOptions;
  readonly #editor: LineEditor;
  readonly #resizes = new Emitter<TerminalSize>();
  #size: TerminalSize;
  #command: RunningCommand | undefined;
  #disposed = false;

  constructor(options: TerminalSessionOptions) {
    this.#options = options;
    this.#size = options.size;
    const { shell, files } = options;
    this.#editor = new LineEditor({
      write: (text) => void this.#show(encode(text)),
      columns: () => this.#size.columns,
      history: shell.history,
      complete: (before) => completeLine(before, shell, files),
    });
  }

  /** Resolves when the user has left the shell, with the last code. */
  async run(): Promise<number> {
    const { shell, greeting } = this.#options;
    if (greeting !== undefined) await this.#show(encode(greeting.replaceAll('\n', '\r\n')));
    while (!this.#disposed) {
      const end = await this.#editor.read(prompt(shell));
      if (this.#disposed) break;
      if (end.kind === 'end') {
        await this.#show(encode('exit\r\n'));
        break;
      }
      if (end.kind === 'interrupt') {
        shell.code = 130;
        continue;
      }
      const line = await this.#whole(end.text);
      if (line === undefined || line.trim() === '') continue;
      this.#remember(line);
      if (/^\s*(exit|logout)\s*$/.test(line)) break;
      await this.#execute(line);
    }
    return shell.code;
  }

  /** What was typed. */
  type(bytes: Uint8Array): void {
    if (this.#command) this.#command.type(bytes);
    else this.#editor.type(bytes);
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    this.#resizes.fire(size);
    if (!this.#command) this.#editor.resized();
  }

  dispose(): void {
    this.#disposed = true;
    this.#command?.end();
    this.#editor.type(Uint8Array.of(3));
  }

  /** A line with an open quote or document goes on in the next. */
  async #whole(first: string): Promise<string | undefined> {
    let line = first;
    while (parseShellLine(line).kind === 'incomplete') {
      const more = await this.#editor.read('> ');
      if (more.kind !== 'line' || this.#disposed) return undefined;
      line = lexShellLine(line).open === '\\' ? line.slice(0, -1) + more.text : `${line}\n${more.text}`;
    }
    return line;
  }

  #remember(line: string): void {
    const { shell, onLine } = this.#options;
    if (shell.history.at(-1) === line || line.startsWith(' ')) return;
    shell.history.push(line);
    if (shell.history.length > historyLimit) shell.history.splice(0, shell.history.length - historyLimit);
    onLine?.(line);
  }

  async #execute(line: string): Promise<void> {
    const { shell, files } = this.#options;
    const session = this;
    const command = new RunningCommand((bytes) => this.#show(bytes));
    this.#command = command;
    command.type(this.#editor.takeRest());
    const output: Output = {
      terminal: true,
      async write(data) {
        // One that was left after Ctrl-C has no place on the screen any more.
        if (session.#command !== command) command.signal.throwIfAborted();
        await session.#show(withReturns(typeof data === 'string' ? encode(data) : data.slice(), command.isRaw));
      },
    };
    const io: CommandIo = {
      stdin: command.stdin,
      stdout: output,
      stderr: output,
      terminal: {
        get size() {
          return session.#size;
        },
        resized: this.#resizes.event,
        raw: () => command.raw(),
      },
      signal: command.signal,
      onInterrupt: command.interrupts,
      files,
      folder: shell.folder,
      variables: Object.fromEntries(shell.variables),
    };
    const running = this.#options.running?.(line);
    try {
      await runLine(line, shell, io);
    } finally {
      running?.dispose();
      this.#command = undefined;
      const ahead = command.finish();
      if (ahead.length > 0) this.#editor.type(ahead);
    }
  }

  async #show(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (!this.#disposed && bytes.length > 0) await this.#options.show(bytes);
  }
}

/** What is typed while a command runs: lines for it, Ctrl-C for all of it, or every key where it has asked for that. */
class RunningCommand {
  readonly #show: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  readonly #abort = new AbortController();
  readonly #interrupts = new Emitter<'SIGINT' | 'SIGQUIT'>();
  readonly #discipline = new LineDiscipline();
  readonly #unread: Uint8Array<ArrayBuffer>[] = [];
  readonly stdin: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #wanted = false;
  #ended = false;
  #inputEnded = false;
  #unreadBytes = 0;
  #raw = 0;

  constructor(show: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>) {
    this.#show = show;
    this.stdin = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#wanted = true;
          this.#hand();
        },
        cancel: () => {
          this.#ended = true;
        },
      },
      { highWaterMark: 0 },
    );
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get interrupts() {
    return this.#interrupts.event;
  }

  get isRaw(): boolean {
    return this.#raw > 0;
  }

  raw(): Disposable {
    // A line that was begun before is the program's, too.
    if (!this.isRaw) this.#addKeys(this.#discipline.take());
    this.#raw += 1;
    return toDisposable(() => {
      this.#raw -= 1;
    });
  }

  type(bytes: Uint8Array): void {
    if (this.isRaw) {
      this.#addKeys(bytes.slice());
      return;
    }
    const { echo, lines, signal } = this.#discipline.type(bytes);
    void this.#show(echo);
    if (signal) this.#interrupt(signal);
    for (const line of lines) {
      // An empty line is Ctrl-D: the end of input.
      if (line.length === 0) this.#finishInput();
      else this.#add(line);
    }
  }

  end(): void {
    this.#abort.abort();
    this.#close();
  }

  /** Ends its input; what nobody has read was meant for the shell. */
  finish(): Uint8Array {
    this.#close();
    return concatBytes([...this.#unread.splice(0), this.#discipline.take()]);
  }

  #interrupt(signal: 'SIGINT' | 'SIGQUIT'): void {
    if (this.#interrupts.listenerCount > 0) this.#interrupts.fire(signal);
    else this.#abort.abort();
  }

  /** No keys are no end of input. */
  #addKeys(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length > 0) this.#add(bytes);
  }

  #add(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#inputEnded || this.#unreadBytes + bytes.length > inputLimit) return;
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    this.#hand();
  }

  #hand(): void {
    if (!this.#wanted || this.#ended) return;
    const next = this.#unread.shift();
    if (!next) {
      if (this.#inputEnded) this.#close();
      return;
    }
    this.#unreadBytes -= next.length;
    this.#wanted = false;
    this.#controller?.enqueue(next);
  }

  /** What was typed before is still read. */
  #finishInput(): void {
    this.#inputEnded = true;
    this.#hand();
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#controller?.close();
  }
}

const green = '\x1b[32m';
const blue = '\x1b[34m';
const red = '\x1b[31m';
const plain = '\x1b[0m';

function prompt({ folder, code }: ShellState): string {
  const failed = code === 0 ? '' : `${red}[${code}] ${plain}`;
  return `${failed}${green}strata${plain}:${blue}${folder}${plain}$ `;
}

/** Lines as a terminal wants them (ONLCR); where a program has a terminal of its own, its bytes are right already. */
function withReturns(bytes: Uint8Array<ArrayBuffer>, raw: boolean): Uint8Array<ArrayBuffer> {
  if (raw || !bytes.includes(10)) return bytes;
  const returned: number[] = [];
  bytes.forEach((byte, at) => {
    if (byte === 10 && bytes[at - 1] !== 13) returned.push(13);
    returned.push(byte);
  });
  return Uint8Array.from(returned);
}
