import type { Process, Signal, TerminalSize } from '../../api/instance';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { type AgentMessage, channels, serializeMessage } from '../../formats/agent';
import { AgentInput } from './agent-input';
import type { AgentOutbox } from './agent-outbox';
import { AgentOutput } from './agent-output';

/** Linux's numbers on x86 (man 7 signal). */
const signalNumbers: Readonly<Record<Signal, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGWINCH: 28,
};

/** Bytes that may be on their way on one channel. */
export interface AgentWindows {
  /** To the guest: what its agent said. */
  readonly input: number;
  /** From the guest: what we said. */
  readonly output: number;
}

/** The messages that concern a program. */
export type ProcessMessage = Extract<AgentMessage, { kind: 'data' | 'end' | 'close' | 'credit' | 'exit' }>;

/** The host's side of a program that the agent runs. */
export class AgentProcess implements Process {
  readonly #stream: number;
  readonly #outbox: AgentOutbox;
  readonly #input: AgentInput;
  readonly #stdout: AgentOutput;
  readonly #stderr: AgentOutput;
  readonly #exited = createDeferred<number>();
  #running = true;

  constructor(stream: number, outbox: AgentOutbox, windows: AgentWindows) {
    this.#stream = stream;
    this.#outbox = outbox;
    this.#input = new AgentInput(stream, outbox, windows.input);
    this.#stdout = new AgentOutput(stream, channels.stdout, outbox, windows.output);
    this.#stderr = new AgentOutput(stream, channels.stderr, outbox, windows.output);
    // Nobody has to ask how it ended.
    this.#exited.promise.catch(() => {});
  }

  get stdin(): WritableStream<Uint8Array> {
    return this.#input.writable;
  }

  get stdout(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#stdout.readable;
  }

  get stderr(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#stderr.readable;
  }

  get exited(): Promise<number> {
    return this.#exited.promise;
  }

  resize(size: TerminalSize): void {
    if (this.#running) this.#outbox.send(serializeMessage({ kind: 'resize', stream: this.#stream, size }));
  }

  /** Goes to the program's process group. It may overtake what was written to `stdin` before. */
  kill(signal: Signal): void {
    const number = signalNumbers[signal];
    if (this.#running) this.#outbox.send(serializeMessage({ kind: 'signal', stream: this.#stream, signal: number }));
  }

  /** True when that was the last of it. */
  handle(message: ProcessMessage): boolean {
    switch (message.kind) {
      case 'data':
        this.#output(message.channel)?.take(message.bytes);
        break;
      case 'end':
        this.#output(message.channel)?.end();
        break;
      case 'credit':
        this.#input.grant(message.count);
        break;
      case 'close':
        this.#input.fail(new SandboxError('Aborted', 'The program takes no more input'));
        break;
      case 'exit':
        this.#exit(message.signal > 0 ? 128 + message.signal : message.code);
        return true;
    }
    return false;
  }

  fail(error: SandboxError): void {
    this.#running = false;
    this.#input.fail(error);
    this.#stdout.fail(error);
    this.#stderr.fail(error);
    this.#exited.reject(error);
  }

  #exit(code: number): void {
    this.#running = false;
    this.#input.fail(new SandboxError('Aborted', 'The program has ended'));
    this.#stdout.end();
    this.#stderr.end();
    this.#exited.resolve(code);
  }

  #output(channel: number): AgentOutput | undefined {
    return channel === channels.stdout ? this.#stdout : channel === channels.stderr ? this.#stderr : undefined;
  }
}
