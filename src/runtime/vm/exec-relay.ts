import type { Signal, TerminalSize } from '../../api/instance';
import { SandboxError, serializeError } from '../../base/errors';
import { type AgentMessage, channels, serializeMessage } from '../../formats/agent';
import type { ByteStreamToReader, ByteStreamToWriter } from '../../rpc/byte-stream';
import { AgentInput, type AgentInputState } from './agent-input';
import type { AgentOutbox, MessageSource } from './agent-outbox';
import { AgentOutput, type AgentOutputState, freshOutput } from './agent-output';
import { type MovedPort, RelayPort } from './relay-port';
import type { ExecControl, ExecOutcome, ExecPorts } from './vm-protocol';

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

/** What a program was started as. */
export interface ExecTitle {
  /** Its stream in the agent's protocol; never used twice in a session, nor in one that resumed it. */
  readonly id: number;
  readonly argv: readonly string[];
  /** The size its terminal has now. */
  readonly terminal?: TerminalSize;
}

/** A program as it is handed over to another session. */
export interface ExecRelayState {
  readonly title: ExecTitle;
  readonly stdin: AgentInputState;
  readonly stdout: AgentOutputState;
  readonly stderr: AgentOutputState;
  /** How it ended, while nobody was told. */
  readonly outcome?: ExecOutcome;
  /** Not sent yet. */
  readonly resized: boolean;
  readonly signals: readonly Signal[];
}

/** The ports of a program on their way to another session; those of channels that have ended are missing. */
export interface MovedExecPorts {
  readonly stdin?: MovedPort<ByteStreamToReader>;
  readonly stdout?: MovedPort<ByteStreamToWriter>;
  readonly stderr?: MovedPort<ByteStreamToWriter>;
  readonly control?: MovedPort<ExecControl>;
}

function fresh<In>(port: MessagePort): MovedPort<In> {
  return { port, missed: [] };
}

/** The messages that concern a program. */
export type ProgramMessage = Extract<AgentMessage, { kind: 'data' | 'end' | 'close' | 'credit' | 'exit' }>;

export interface ExecRelayOptions {
  readonly outbox: AgentOutbox;
  /** Bytes that may be on their way from the guest on one channel. */
  readonly window: number;
  /** It has nothing to do any more. */
  readonly onSettled: () => void;
}

export function freshExec(title: ExecTitle, credit: number): ExecRelayState {
  const stdin = { credit, unsent: new Uint8Array(0), phase: 'open' } as const;
  return { title, stdin, stdout: freshOutput, stderr: freshOutput, resized: false, signals: [] };
}

/**
 * Joins the channels of one program of the agent with the ports of one exec. It holds bytes only as long as
 * the other side lets it: those of an output until the reader has taken what it was sent before, those of the
 * input until the agent has granted room; each at most a window.
 *
 * Without ports it keeps what comes, a window of each output, and by that holds the program back.
 */
export class ExecRelay implements MessageSource {
  readonly #outbox: AgentOutbox;
  readonly #onSettled: () => void;
  readonly #stdin: AgentInput;
  readonly #stdout: AgentOutput;
  readonly #stderr: AgentOutput;
  #title: ExecTitle;
  #control: RelayPort<ExecControl, ExecOutcome> | undefined;
  #outcome: ExecOutcome | undefined;
  #running: boolean;
  /** A new size, and signals, wait to be sent: each at most once, as a kernel keeps them too. */
  #resized: boolean;
  readonly #signals: Set<Signal>;

  constructor(state: ExecRelayState, options: ExecRelayOptions) {
    const { outbox, window } = options;
    const { id } = state.title;
    this.#outbox = outbox;
    this.#onSettled = options.onSettled;
    this.#title = state.title;
    const settle = (): void => this.#settle();
    this.#stdin = new AgentInput(id, outbox, state.stdin);
    this.#stdout = new AgentOutput(id, channels.stdout, outbox, window, settle, state.stdout);
    this.#stderr = new AgentOutput(id, channels.stderr, outbox, window, settle, state.stderr);
    this.#outcome = state.outcome;
    this.#running = state.outcome === undefined;
    this.#resized = state.resized;
    this.#signals = new Set(state.signals);
  }

  get title(): ExecTitle {
    return this.#title;
  }

  /** The program has not ended. */
  get running(): boolean {
    return this.#running;
  }

  get state(): ExecRelayState {
    return {
      title: this.#title,
      stdin: this.#stdin.state,
      stdout: this.#stdout.state,
      stderr: this.#stderr.state,
      ...(this.#outcome && { outcome: this.#outcome }),
      resized: this.#resized,
      signals: [...this.#signals],
    };
  }

  /** Joins ports that nobody has used. */
  attach(ports: ExecPorts): void {
    this.adopt({
      stdin: fresh(ports.stdin),
      stdout: fresh(ports.stdout),
      stderr: fresh(ports.stderr),
      control: fresh(ports.control),
    });
  }

  /** Joins the ports of the relay that this one was; their other ends notice nothing. */
  adopt({ stdin, stdout, stderr, control }: MovedExecPorts): void {
    if (control) this.#attachControl(control);
    if (stdin) this.#stdin.attach(stdin);
    if (stdout) this.#stdout.attach(stdout);
    if (stderr) this.#stderr.attach(stderr);
  }

  /** Joins new ports in the place of others, whose other ends are gone. */
  reattach(ports: ExecPorts): void {
    this.#control?.close();
    this.#attachControl(fresh(ports.control));
    this.#stdin.reattach(ports.stdin);
    this.#stdout.reattach(ports.stdout);
    this.#stderr.reattach(ports.stderr);
  }

  /** Lets messages of its ports wait, and sends none, until `release`. */
  hold(): void {
    this.#stdin.hold();
    this.#stdout.hold();
    this.#stderr.hold();
    this.#control?.hold();
  }

  release(): void {
    this.#control?.release();
    this.#stdin.release();
    this.#stdout.release();
    this.#stderr.release();
  }

  /** Gives the ports back that are still open, to be transferred in this very turn of the event loop. */
  detach(): MovedExecPorts {
    const [stdin, stdout, stderr] = [this.#stdin.detach(), this.#stdout.detach(), this.#stderr.detach()];
    const control = this.#control?.detach();
    this.#control = undefined;
    return {
      ...(stdin && { stdin }),
      ...(stdout && { stdout }),
      ...(stderr && { stderr }),
      ...(control && { control }),
    };
  }

  handle(message: ProgramMessage): void {
    switch (message.kind) {
      case 'data':
        this.#output(message.channel)?.take(message.bytes);
        break;
      case 'end':
        this.#output(message.channel)?.end();
        break;
      case 'credit':
        this.#stdin.grant(message.count);
        break;
      case 'close':
        this.#stdin.fail(new SandboxError('Aborted', 'The program takes no more input'));
        break;
      case 'exit':
        this.#exit(message.signal > 0 ? 128 + message.signal : message.code);
        break;
    }
  }

  fail(error: SandboxError): void {
    this.#stdin.fail(error);
    if (this.#running) this.#conclude({ failed: serializeError(error) });
    this.#stdout.fail(error);
    this.#stderr.fail(error);
  }

  nextMessage(): Uint8Array | undefined {
    const { id: stream, terminal: size } = this.#title;
    if (!this.#running) return undefined;
    if (this.#resized && size) {
      this.#resized = false;
      return serializeMessage({ kind: 'resize', stream, size });
    }
    const [signal] = this.#signals;
    if (!signal) return undefined;
    this.#signals.delete(signal);
    return serializeMessage({ kind: 'signal', stream, signal: signalNumbers[signal] });
  }

  #attachControl(moved: MovedPort<ExecControl>): void {
    const control = new RelayPort<ExecControl, ExecOutcome>(moved, (message) => this.#obey(message));
    this.#control = control;
    control.release();
    if (this.#outcome) this.#conclude(this.#outcome);
    else this.#outbox.ready(this);
  }

  #obey(control: ExecControl): void {
    if ('resize' in control) {
      this.#title = { ...this.#title, terminal: control.resize };
      this.#resized = true;
    } else {
      this.#signals.add(control.kill);
    }
    this.#outbox.ready(this);
  }

  #exit(code: number): void {
    if (!this.#running) return;
    this.#stdin.fail(new SandboxError('Aborted', 'The program has ended'));
    this.#conclude({ exited: code });
    this.#stdout.end();
    this.#stderr.end();
  }

  /** Tells how it ended, as soon as there is somebody to tell. */
  #conclude(outcome: ExecOutcome): void {
    this.#running = false;
    this.#outcome = outcome;
    if (!this.#control) return;
    this.#control.close(outcome);
    this.#control = undefined;
    this.#outcome = undefined;
    this.#settle();
  }

  #settle(): void {
    if (!this.#running && !this.#outcome && this.#stdout.over && this.#stderr.over) this.#onSettled();
  }

  #output(channel: number): AgentOutput | undefined {
    return channel === channels.stdout ? this.#stdout : channel === channels.stderr ? this.#stderr : undefined;
  }
}
