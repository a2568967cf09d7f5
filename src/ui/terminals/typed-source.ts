import type { ConsoleAttachment, ConsoleOutput, ProgramId } from '../../api/instance';
import { Emitter, type Event } from '../../base/events';
import { saidLength, type TypedTerminal } from '../../lessons/typed-terminal';
import type { TerminalSource } from './terminals';

/** Characters that wait for a terminal which is not shown yet; what is beyond is dropped. */
const waitingLimit = 64 * 1024;

const enter = Uint8Array.of(13);

/** What a terminal attaches to, that the page can type into as well, and whose end it can read. */
export class TypedSource implements TerminalSource, TypedTerminal {
  readonly #source: TerminalSource;
  readonly #heard = new Emitter<string>();
  #attached: ConsoleAttachment | undefined;
  /** Its program has said something: keys that come before that are shown by the terminal, and once more by the shell. */
  #spoken = false;
  #waiting = '';
  #said = '';

  constructor(source: TerminalSource) {
    this.#source = source;
  }

  get program(): ProgramId | undefined {
    return this.#source.program;
  }
  get waiting(): boolean {
    return this.#source.waiting ?? false;
  }
  get ended(): boolean {
    return this.#source.ended ?? false;
  }
  get bareNewlines(): boolean {
    return this.#source.bareNewlines ?? false;
  }
  get heard(): Event<string> {
    return this.#heard.event;
  }
  get said(): string {
    return this.#said;
  }

  start(): void {
    if (!this.ended || !this.#attached) return;
    this.#spoken = false;
    this.#attached.write(enter);
  }

  type(keys: string): void {
    this.start();
    if (this.#attached && this.#spoken) this.#attached.write(new TextEncoder().encode(keys));
    else this.#waiting = (this.#waiting + keys).slice(0, waitingLimit);
  }

  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    const decoder = new TextDecoder();
    this.#said = '';
    this.#spoken = false;
    const inner = this.#source.attachConsole((output) => {
      const text = decoder.decode(output.bytes, { stream: true });
      this.#said = (this.#said + text).slice(-saidLength);
      onOutput(output);
      this.#speak();
      this.#heard.fire(text);
    });
    return {
      write: (bytes) => inner.write(bytes),
      acknowledge: (bytes) => inner.acknowledge(bytes),
      // Its first size is what begins a shell, which takes no keys before.
      resize: (size) => {
        inner.resize(size);
        this.#attached = inner;
      },
      dispose: () => {
        if (this.#attached === inner) this.#attached = undefined;
        inner.dispose();
      },
    };
  }

  /** What has ended instead of beginning takes no keys. */
  #speak(): void {
    if (this.#spoken || !this.#attached) return;
    this.#spoken = true;
    const keys = this.#waiting;
    this.#waiting = '';
    if (keys !== '' && !this.ended) this.#attached.write(new TextEncoder().encode(keys));
  }
}
