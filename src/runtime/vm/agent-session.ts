import type { ExecSpec, TerminalSize } from '../../api/instance';
import { concatBytes, toHex } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError, toSandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import {
  type AgentHello,
  type AgentIdentity,
  type AgentMessage,
  type AgentRequest,
  agentProtocolVersion,
  nonceSize,
  type PowerKind,
  parseMessage,
  serializeMessage,
} from '../../formats/agent';
import { createPreamble, FrameParser } from '../../formats/agent-frame';
import type { NetworkConfig } from '../../formats/agent-network';
import { type AgentStats, parseStats } from '../../formats/agent-stats';
import { windowBytes } from '../../rpc/byte-stream';
import { AgentOutbox, type AgentTransport } from './agent-outbox';
import { AgentRequests } from './agent-requests';
import type { AgentSessionState, ProgramInfo, SessionPorts } from './agent-session-state';
import { ExecRelay, type ExecRelayState, freshExec, type MovedExecPorts } from './exec-relay';
import type { ExecPorts } from './vm-protocol';

export type { AgentTransport } from './agent-outbox';
export type { AgentSessionState, ProgramInfo, SessionPorts } from './agent-session-state';

/** Bytes that a program may be ahead of its reader, per channel; what a port of an exec may carry too. */
const outputWindow = windowBytes;

/** Programs that one session may run at once; the agent has a limit of its own, which is higher. */
const maxProcesses = 500;

const requestTimeoutMs = 10_000;
/** Filling a guest's memory takes a while on a slow machine. */
const trimTimeoutMs = 60_000;

export interface AgentSessionOptions {
  readonly clock: Clock;
  /** That many random bytes. */
  readonly random: (count: number) => Uint8Array<ArrayBuffer>;
}

/** A program to run in the guest; as root unless said otherwise. */
export interface AgentExecSpec extends ExecSpec {
  readonly uid?: number;
  readonly gid?: number;
}

type RequestBody = AgentRequest extends infer Each ? (Each extends AgentRequest ? Omit<Each, 'stream'> : never) : never;

/**
 * One conversation with the agent in a guest: many programs and requests over one byte stream.
 * It begins with `hello` and ends once, by `dispose`, `transportClosed`, or because the stream makes no sense
 * any more; everything that waits is rejected then, and a new session on the same transport can begin.
 */
export class AgentSession implements Disposable {
  readonly #clock: Clock;
  readonly #transport: AgentTransport;
  readonly #outbox: AgentOutbox;
  readonly #parser: FrameParser;
  readonly #requests: AgentRequests;
  readonly #programs = new Map<number, ExecRelay>();
  readonly #nonce: Uint8Array<ArrayBuffer>;
  readonly #listeners = new DisposableStore();
  readonly #goodbyes = new Emitter<PowerKind>();
  readonly #failures = new Emitter<SandboxError>();
  readonly #window: number;
  #greeting: Deferred<AgentHello> | undefined;
  #peer: AgentHello | undefined;
  #failure: SandboxError | undefined;
  #lastStream: number;
  /** The programs that were there when it was held. */
  #held: ReadonlySet<number> | undefined;

  /** With `from`, it is what that session was; the transport's machine was saved while that one was held. */
  constructor(transport: AgentTransport, options: AgentSessionOptions, from?: AgentSessionState) {
    this.#clock = options.clock;
    this.#transport = transport;
    this.#nonce = from ? new Uint8Array(from.nonce) : options.random(nonceSize);
    this.#peer = from?.peer;
    this.#lastStream = from?.lastStream ?? 0;
    this.#window = from?.window ?? outputWindow;
    this.#parser = new FrameParser(from?.received);
    this.#outbox = new AgentOutbox(transport, from?.unsent);
    this.#requests = new AgentRequests(options.clock);
    for (const program of from?.programs ?? []) this.#addProgram(program);
    this.#listeners.add(this.#outbox);
    this.#listeners.add(transport.received((bytes) => this.#receive(bytes)));
  }

  /** The guest says that it stops now, as its very last message; the session ends with it. */
  get goodbyes() {
    return this.#goodbyes.event;
  }

  /** Stays the same where another session goes on with what this one was. */
  get id(): string {
    return toHex(this.#nonce);
  }

  /** Fires once when the session ends, with the reason. */
  get failures() {
    return this.#failures.event;
  }

  /** Programs that have not ended. */
  get processCount(): number {
    return this.processes().filter(({ running }) => running).length;
  }

  /** The programs that run, and those that ended unheard. */
  processes(): readonly ProgramInfo[] {
    return [...this.#programs.values()].map((program) => ({ ...program.title, running: program.running }));
  }

  /**
   * Begins the session; everything of an earlier one ends in the guest. May be called while the guest boots.
   * `Unavailable` without an answer in time, `FailedPrecondition` for an agent of another version.
   */
  async hello(timeoutMs: number): Promise<AgentHello> {
    this.#assertOpen();
    if (this.#peer) return this.#peer;
    this.#greeting = createDeferred();
    const timer = this.#clock.after(timeoutMs, () => {
      this.#fail(new SandboxError('Unavailable', `The agent in the guest did not say hello within ${timeoutMs} ms`));
    });
    this.#sayHello();
    try {
      return await this.#greeting.promise;
    } finally {
      timer.dispose();
    }
  }

  /**
   * Runs a program and joins the ports to it; the result is its name in this session. One that cannot be
   * started ends with 127 (not found) or 126, the reason on stderr.
   */
  exec(spec: AgentExecSpec, ports: ExecPorts): number {
    const peer = this.#assertReady();
    if (spec.argv.length === 0) throw new SandboxError('InvalidArgument', 'No program to run');
    if (this.#programs.size >= maxProcesses) {
      throw new SandboxError('ResourceExhausted', `${maxProcesses} programs run through this session already`);
    }
    const stream = this.#nextStream();
    const { argv, env = [], cwd = '', uid = 0, gid = 0, terminal } = spec;
    const program = { argv, env, cwd, uid, gid, ...(terminal && { terminal }) };
    const message = serializeMessage({ kind: 'exec', stream, program });
    // Known before it is sent: a transport may hand over the answer before `send` returns.
    const relay = this.#addProgram(freshExec({ id: stream, argv, ...(terminal && { terminal }) }, peer.window));
    try {
      this.#outbox.send(message);
    } catch (error) {
      this.#programs.delete(stream);
      throw error;
    }
    relay.attach(ports);
    return stream;
  }

  /** Joins new ports to a program whose reader and writer are gone. `NotFound` when there is none. */
  reattach(id: number, ports: ExecPorts): void {
    this.#assertReady();
    const program = this.#programs.get(id);
    if (!program) throw new SandboxError('NotFound', `No program ${id} runs in this session`);
    program.reattach(ports);
  }

  /** Joins the ports that the session it came from had; their other ends notice nothing. */
  adopt(ports: SessionPorts): void {
    this.#assertReady();
    for (const [id, each] of ports) this.#programs.get(id)?.adopt(each);
  }

  /**
   * Holds the session while the machine is saved, which must stand still already: until `release` it sends
   * nothing and its ports wait, so that what it was stays true for the machine's memory. Requests that wait
   * belong to this session only.
   */
  hold(): AgentSessionState {
    const peer = this.#assertReady();
    const { pendingInput } = this.#transport;
    if (!pendingInput) {
      throw new SandboxError('FailedPrecondition', 'The transport of this session cannot be handed over');
    }
    this.#outbox.pause();
    this.#held = new Set(this.#programs.keys());
    for (const program of this.#programs.values()) program.hold();
    return {
      version: 1,
      nonce: new Uint8Array(this.#nonce),
      peer,
      window: this.#window,
      lastStream: this.#lastStream,
      received: this.#parser.state,
      unsent: concatBytes([pendingInput, ...this.#outbox.unsent]),
      programs: [...this.#programs.values()].map(({ state }) => state),
    };
  }

  /** Goes on after `hold`. */
  release(): void {
    this.#held = undefined;
    for (const program of [...this.#programs.values()]) program.release();
    this.#outbox.resume();
  }

  /**
   * Ends a session that lives elsewhere since `hold`, and gives its ports back, to be transferred in this very
   * turn of the event loop. Requests, and programs started since, are rejected with `Unavailable`.
   */
  leave(): SessionPorts {
    const ports = new Map<number, MovedExecPorts>();
    for (const id of this.#held ?? []) {
      const program = this.#programs.get(id);
      if (program) ports.set(id, program.detach());
      this.#programs.delete(id);
    }
    this.#end(new SandboxError('Unavailable', 'The machine has moved to another worker'));
    return ports;
  }

  /** Resolves with the same bytes: the guest and its agent are alive. */
  ping(
    bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0),
    timeoutMs = requestTimeoutMs,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return this.#request({ kind: 'ping', bytes }, timeoutMs);
  }

  async network(network: NetworkConfig): Promise<void> {
    await this.#request({ kind: 'network', network });
  }

  /** Sets the guest's clock, microseconds since the epoch. */
  async clock(micros: number): Promise<void> {
    await this.#request({ kind: 'clock', micros });
  }

  /** Mixes up to 512 random bytes into the guest's pool and makes it use them at once. */
  async entropy(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#request({ kind: 'entropy', bytes });
  }

  /** Entropy, clock, names and network in one; resolves once all of it is in force. */
  async identity(identity: AgentIdentity): Promise<void> {
    await this.#request({ kind: 'identity', identity });
  }

  /** Counters of the guest, and of the cgroup at that path below the root when given. */
  async stats(cgroup = ''): Promise<AgentStats> {
    return parseStats(await this.#request({ kind: 'stats', cgroup }));
  }

  async resizeConsole(size: TerminalSize): Promise<void> {
    await this.#request({ kind: 'consoleResize', size });
  }

  /** Resolves when the guest has begun to end its programs; `goodbyes` fires when it is done. */
  async powerOff(power: PowerKind = 'power-off'): Promise<void> {
    await this.#request({ kind: 'powerOff', power });
  }

  /** Fills the guest's free memory with zeros, so that a snapshot of it is small; resolves with the bytes. */
  async trim(): Promise<number> {
    const reply = await this.#request({ kind: 'trim' }, trimTimeoutMs);
    return Number(new DataView(reply.buffer).getBigUint64(0, true));
  }

  /** Has the guest look for devices that were plugged in; its drivers have them when it resolves. */
  async scanDevices(): Promise<void> {
    await this.#request({ kind: 'scanDevices' });
  }

  /** The other end is gone: rejects everything with this. */
  transportClosed(reason: SandboxError): void {
    this.#fail(reason);
  }

  dispose(): void {
    this.#fail(new SandboxError('Canceled', 'The session with the agent was closed'));
  }

  async #request(body: RequestBody, timeoutMs = requestTimeoutMs): Promise<Uint8Array<ArrayBuffer>> {
    this.#assertReady();
    const stream = this.#nextStream();
    const message = serializeMessage({ ...body, stream } as AgentRequest);
    const answer = this.#requests.add(stream, body.kind, timeoutMs);
    try {
      this.#outbox.send(message);
    } catch (error) {
      this.#requests.reject(stream, toSandboxError(error));
    }
    return answer;
  }

  #sayHello(): void {
    const hello = { version: agentProtocolVersion, nonce: this.#nonce, window: this.#window, features: 0, bootId: '' };
    this.#outbox.send(concatBytes([createPreamble(), serializeMessage({ kind: 'hello', ...hello })]));
  }

  #receive(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#failure) return;
    try {
      this.#parser.push(bytes, (frame) => {
        if (!this.#failure) this.#handle(parseMessage(frame));
      });
    } catch (thrown) {
      const error = toSandboxError(thrown);
      const restarted = error.details['restarted'] === true;
      this.#fail(restarted ? new SandboxError('Unavailable', error.message) : error);
    }
  }

  #handle(message: AgentMessage): void {
    switch (message.kind) {
      case 'hello':
        this.#handleHello(message);
        break;
      case 'goodbye':
        this.#goodbyes.fire(message.power);
        this.#fail(new SandboxError('Unavailable', 'The guest is stopping'));
        break;
      case 'reply':
        this.#requests.resolve(message.stream, message.bytes);
        break;
      case 'error':
        this.#requests.refuse(message.stream, message.errno, message.text);
        break;
      case 'data':
      case 'end':
      case 'close':
      case 'credit':
      case 'exit':
        this.#programs.get(message.stream)?.handle(message);
        break;
      default:
        throw new SandboxError('DataLoss', `The agent sent a message that only a host sends: ${message.kind}`);
    }
  }

  #handleHello(hello: AgentHello): void {
    if (this.#peer) return;
    const ours = hello.nonce.every((byte, index) => byte === this.#nonce[index]);
    if (ours) {
      this.#beginSession(hello);
      return;
    }
    // Left over from before, or an agent that has just started and may have missed what we said.
    this.#parser.search();
    if (this.#greeting && hello.nonce.every((byte) => byte === 0)) this.#sayHello();
  }

  #beginSession(hello: AgentHello): void {
    if (hello.version === agentProtocolVersion) {
      this.#peer = hello;
      this.#greeting?.resolve(hello);
      return;
    }
    const versions = `version ${hello.version} of its protocol, this page version ${agentProtocolVersion}`;
    this.#fail(new SandboxError('FailedPrecondition', `The agent in the guest speaks ${versions}`));
  }

  #fail(error: SandboxError): void {
    if (this.#failure) return;
    this.#end(error);
    this.#failures.fire(error);
  }

  /** Whatever waits is rejected, and nothing is heard or said any more. */
  #end(error: SandboxError): void {
    this.#failure = error;
    this.#listeners.dispose();
    this.#greeting?.promise.catch(() => {});
    this.#greeting?.reject(error);
    this.#requests.rejectAll(error);
    for (const program of this.#programs.values()) program.fail(error);
    this.#programs.clear();
  }

  #addProgram(state: ExecRelayState): ExecRelay {
    const { id } = state.title;
    const program = new ExecRelay(state, {
      outbox: this.#outbox,
      window: this.#window,
      onSettled: () => this.#programs.delete(id),
    });
    this.#programs.set(id, program);
    return program;
  }

  #nextStream(): number {
    this.#lastStream += 1;
    return this.#lastStream;
  }

  #assertOpen(): void {
    if (this.#failure) throw this.#failure;
  }

  #assertReady(): AgentHello {
    this.#assertOpen();
    if (!this.#peer) throw new SandboxError('FailedPrecondition', 'The agent in the guest has not said hello yet');
    return this.#peer;
  }
}
