import type { ConsoleAttachment, ConsoleOutput, TerminalSize } from '../../api/instance';
import { toSandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';

/** A shell of the lab in a terminal. */
export interface LabShell extends Disposable {
  /** Settles when the user has left it. */
  readonly ended: Promise<unknown>;
  type(bytes: Uint8Array): void;
  resize(size: TerminalSize): void;
}

/** Makes one; `show` resolves when there is room for more. */
export type OpenLabShell = (
  show: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
  size: TerminalSize,
) => Promise<LabShell>;

/** What is said in the terminal. */
export interface LabShellWords {
  ended(): string;
  failed(why: string): string;
}

/** Bytes delivered and not acknowledged beyond which the shell's output is held back. */
const unackedLimit = 256 * 1024;

/** Bytes typed before the shell is there; what is beyond is dropped. */
const inputLimit = 64 * 1024;

const enter = 13;

/** The lab's own shell as something a terminal attaches to like to a console. When it has ended, Enter starts another. */
export class LabShellSource {
  readonly #open: OpenLabShell;
  readonly #words: LabShellWords;
  #attached: AttachedLabShell | undefined;

  constructor(open: OpenLabShell, words: LabShellWords) {
    this.#open = open;
    this.#words = words;
  }

  get ended(): boolean {
    return this.#attached?.ended ?? false;
  }

  /** One attachment at a time: a second ends the first and its shell. */
  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    this.#attached?.dispose();
    this.#attached = new AttachedLabShell(this.#open, this.#words, onOutput);
    return this.#attached;
  }
}

class AttachedLabShell implements ConsoleAttachment {
  readonly #open: OpenLabShell;
  readonly #words: LabShellWords;
  readonly #onOutput: (output: ConsoleOutput) => void;
  #state: 'new' | 'open' | 'ended' | 'disposed' = 'new';
  #shell: LabShell | undefined;
  #size: TerminalSize = { columns: 80, rows: 24 };
  #typed: Uint8Array[] = [];
  #typedBytes = 0;
  #unacked = 0;
  #room: (() => void)[] = [];

  constructor(open: OpenLabShell, words: LabShellWords, onOutput: (output: ConsoleOutput) => void) {
    this.#open = open;
    this.#words = words;
    this.#onOutput = onOutput;
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  write(bytes: Uint8Array): void {
    if (this.#state === 'ended') {
      if (bytes.includes(enter)) void this.#start();
    } else if (this.#shell) this.#shell.type(bytes);
    else if (this.#typedBytes + bytes.length <= inputLimit) {
      this.#typedBytes += bytes.length;
      this.#typed.push(bytes.slice());
    }
  }

  /** The first size starts it. */
  resize(size: TerminalSize): void {
    this.#size = size;
    if (this.#state === 'new') void this.#start();
    else this.#shell?.resize(size);
  }

  acknowledge(bytes: number): void {
    this.#unacked -= bytes;
    if (this.#unacked <= unackedLimit) for (const go of this.#room.splice(0)) go();
  }

  dispose(): void {
    this.#state = 'disposed';
    this.#shell?.dispose();
    for (const go of this.#room.splice(0)) go();
  }

  async #start(): Promise<void> {
    this.#state = 'open';
    try {
      const shell = await this.#open((bytes) => this.#show(bytes), this.#size);
      if (this.#isDisposed()) {
        shell.dispose();
        return;
      }
      this.#shell = shell;
      shell.resize(this.#size);
      for (const bytes of this.#typed.splice(0)) shell.type(bytes);
      this.#typedBytes = 0;
      await shell.ended;
      this.#end(this.#words.ended());
    } catch (error) {
      this.#end(this.#words.failed(toSandboxError(error).message));
    }
  }

  #end(said: string): void {
    this.#shell?.dispose();
    this.#shell = undefined;
    if (this.#isDisposed()) return;
    this.#state = 'ended';
    void this.#show(new TextEncoder().encode(`\r\n[${said}]\r\n`));
  }

  #isDisposed(): boolean {
    return this.#state === 'disposed';
  }

  async #show(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#isDisposed()) return;
    this.#unacked += bytes.length;
    this.#onOutput({ bytes, skipped: 0 });
    if (this.#unacked > unackedLimit) await new Promise<void>((resolve) => this.#room.push(resolve));
  }
}
