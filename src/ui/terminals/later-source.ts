import type { ConsoleAttachment, ConsoleOutput, TerminalSize } from '../../api/instance';
import { toSandboxError } from '../../base/errors';
import type { TerminalSource } from './terminals';

const enter = 13;

/** Bytes typed before it is there; what is beyond is dropped. */
const inputLimit = 64 * 1024;

/** A source that comes when a terminal first shows it: its code is no part of the page's first script. */
export class LaterSource implements TerminalSource {
  readonly bareNewlines: boolean;
  readonly #open: () => Promise<TerminalSource>;
  readonly #failed: (why: string) => string;
  #isEnded: () => boolean = () => false;

  constructor(open: () => Promise<TerminalSource>, failed: (why: string) => string, bareNewlines: boolean) {
    this.#open = open;
    this.#failed = failed;
    this.bareNewlines = bareNewlines;
  }

  get ended(): boolean {
    return this.#isEnded();
  }

  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    let inner: ConsoleAttachment | undefined;
    let size: TerminalSize | undefined;
    const typed: number[] = [];
    let failed = false;
    let disposed = false;
    const open = async (): Promise<void> => {
      failed = false;
      this.#isEnded = () => failed;
      try {
        const source = await this.#open();
        if (disposed) return;
        this.#isEnded = () => source.ended ?? false;
        inner = source.attachConsole(onOutput);
        if (size) inner.resize(size);
        if (typed.length > 0) inner.write(Uint8Array.from(typed.splice(0)));
      } catch (error) {
        if (disposed) return;
        failed = true;
        const said = `[${this.#failed(toSandboxError(error).message)}]\r\n`;
        onOutput({ bytes: new TextEncoder().encode(said), skipped: 0 });
      }
    };
    void open();
    return {
      write(bytes) {
        if (failed && bytes.includes(enter)) void open();
        else if (inner) inner.write(bytes);
        else if (typed.length + bytes.length <= inputLimit) typed.push(...bytes);
      },
      resize(next) {
        size = next;
        inner?.resize(next);
      },
      acknowledge: (bytes) => inner?.acknowledge(bytes),
      dispose() {
        disposed = true;
        inner?.dispose();
      },
    };
  }
}
