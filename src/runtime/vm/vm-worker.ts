import type { ExecSpec } from '../../api/instance';
import type { MachineConfig } from '../../api/machine';
import type { StatSample } from '../../api/stats';
import { systemClock } from '../../base/clock';
import { SandboxError, serializeError } from '../../base/errors';
import { DisposableStore } from '../../base/lifecycle';
import { readableFromPort, writableToPort } from '../../rpc/byte-stream';
import { expose, transfer } from '../../rpc/control';
import { AgentSession } from './agent-session';
import { Machine } from './machine';
import type {
  ConsoleToClient,
  ConsoleToWorker,
  ExecControl,
  ExecOutcome,
  ExecPorts,
  Identity,
  StartRequest,
  VmEvent,
  VmService,
} from './vm-protocol';

/** How long a guest may take until its agent answers. A cold boot takes 2 s on the slowest machine we know of. */
const agentTimeoutMs = { restored: 5_000, booted: 60_000 } as const;

/** The vm worker: one machine, its agent, and the ports to its client. */
export function serveVm(port: MessagePort): void {
  expose(new VmWorker(), port);
}

class VmWorker implements VmService {
  #spare: Machine | undefined;
  #running: RunningMachine | undefined;

  ping(): void {}

  async prepare(config: MachineConfig, wasm: WebAssembly.Module): Promise<void> {
    this.#spare = await Machine.create({ config, wasm, mac: new Uint8Array(6) });
  }

  async start(request: StartRequest, console: MessagePort, onEvent: (event: VmEvent) => void): Promise<void> {
    const { image } = request;
    const machine = await this.#machineFor(request);
    if (image.kind === 'state') machine.restore(image.state, image.console);
    const running = new RunningMachine(machine, console, onEvent);
    this.#running = running;
    await running.start(request.identity, image.kind === 'state' ? agentTimeoutMs.restored : agentTimeoutMs.booted);
  }

  async pause(): Promise<void> {
    await this.#current.machine.pause();
  }

  async resume(): Promise<void> {
    await this.#current.machine.run();
    await this.#current.agent.clock(systemClock.now() * 1000);
  }

  async powerOff(): Promise<void> {
    await this.#current.agent.powerOff();
  }

  async save(): Promise<{ state: ArrayBuffer; console: Uint8Array<ArrayBuffer> }> {
    const { machine } = this.#current;
    const state = await machine.save();
    const console = machine.console.snapshot();
    return transfer({ state, console }, [state, console.buffer]);
  }

  exec(spec: ExecSpec, ports: ExecPorts): Promise<void> {
    return this.#current.exec(spec, ports);
  }

  async stats(): Promise<StatSample> {
    const stats = await this.#current.agent.stats();
    const { cpuMicros, memoryTotal, memoryAvailable, processes } = stats;
    const { rxBytes, txBytes, rxPackets, txPackets, readBytes, writtenBytes } = stats;
    return {
      at: systemClock.now(),
      cpuMicros,
      memory: { total: memoryTotal, used: memoryTotal - memoryAvailable },
      network: { rxBytes, txBytes, rxPackets, txPackets },
      disk: { readBytes, writtenBytes },
      processes,
    };
  }

  async pingGuest(): Promise<void> {
    await this.#current.agent.ping();
  }

  async trim(): Promise<void> {
    await this.#current.agent.trim();
  }

  get #current(): RunningMachine {
    if (!this.#running) throw new SandboxError('FailedPrecondition', 'No machine runs in this worker');
    return this.#running;
  }

  /** The spare machine when it fits. A machine to boot cannot be a spare: v86 takes the kernel when it is made. */
  async #machineFor({ config, wasm, image, identity }: StartRequest): Promise<Machine> {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare && image.kind === 'state' && sameConfig(spare.config, config)) return spare;
    await spare?.dispose();
    return Machine.create({ config, wasm, mac: identity.mac }, image.kind === 'boot' ? image : undefined);
  }
}

function sameConfig(a: MachineConfig, b: MachineConfig): boolean {
  return a.memoryMiB === b.memoryMiB && a.devices === b.devices && a.containerHost === b.containerHost;
}

/** A machine that runs, and everything attached to it. */
class RunningMachine {
  readonly machine: Machine;
  readonly agent: AgentSession;
  readonly #resources = new DisposableStore();
  /** Never fires: if this worker ends, its streams end with it. */
  readonly #never = new AbortController().signal;
  #greeted = false;
  #stopping = false;

  constructor(machine: Machine, console: MessagePort, onEvent: (event: VmEvent) => void) {
    this.machine = machine;
    this.agent = new AgentSession(machine.agentPort, { clock: systemClock, random: randomBytes });
    this.#resources.add(machine.events(onEvent));
    this.#resources.add(this.agent.goodbyes(() => this.#sayGoodbye()));
    this.#resources.add(this.agent.failures((error) => this.#onAgentFailure(error, onEvent)));
    this.#attachConsole(console);
  }

  async start(identity: Identity, timeoutMs: number): Promise<void> {
    await this.machine.run();
    await this.#hello(timeoutMs);
    await this.agent.identity({
      micros: systemClock.now() * 1000,
      entropy: randomBytes(64),
      network: {
        hostname: identity.hostname,
        up: this.machine.nic !== undefined,
        addresses: [],
        routes: [],
        ...(this.machine.nic && { mac: new Uint8Array(identity.mac) }),
      },
    });
    if (this.machine.nic) this.machine.nic.up = true;
  }

  /** A guest whose agent stays silent said why, if anywhere, on serial line 0. */
  async #hello(timeoutMs: number): Promise<void> {
    try {
      await this.agent.hello(timeoutMs);
      this.#greeted = true;
    } catch (cause) {
      const lastWords = this.machine.serialTail.trim().slice(-500);
      const said = lastWords ? `; the guest's last words: ${lastWords}` : '';
      throw new SandboxError('Unavailable', `The guest's agent did not answer within ${timeoutMs / 1000} s${said}`, {
        cause,
      });
    }
  }

  async exec(spec: ExecSpec, ports: ExecPorts): Promise<void> {
    const process = this.agent.exec(spec);
    const quietly = (stream: Promise<void>): void => void stream.catch(() => {});
    quietly(readableFromPort(ports.stdin, this.#never).pipeTo(process.stdin));
    quietly(process.stdout.pipeTo(writableToPort(ports.stdout, this.#never)));
    quietly(process.stderr.pipeTo(writableToPort(ports.stderr, this.#never)));
    ports.control.onmessage = ({ data }: MessageEvent<ExecControl>) => {
      if ('resize' in data) process.resize(data.resize);
      else process.kill(data.kill);
    };
    const tell = (outcome: ExecOutcome): void => ports.control.postMessage(outcome);
    process.exited.then(
      (exited) => tell({ exited }),
      (error: unknown) => tell({ failed: serializeError(error) }),
    );
  }

  /** After the agent's last message only the kernel's halt follows. */
  #sayGoodbye(): void {
    this.#stopping = true;
  }

  #onAgentFailure(error: SandboxError, onEvent: (event: VmEvent) => void): void {
    if (!this.#stopping && this.#greeted) onEvent({ type: 'agentLost', error: serializeError(error) });
  }

  #attachConsole(port: MessagePort): void {
    const attachment = this.machine.console.attach((delivery: ConsoleToClient) =>
      port.postMessage(delivery, [delivery.bytes.buffer]),
    );
    this.#resources.add(attachment);
    port.onmessage = ({ data }: MessageEvent<ConsoleToWorker>) => {
      if ('acknowledged' in data) attachment.acknowledge(data.acknowledged);
      else if ('input' in data) this.machine.writeConsole(data.input);
      else this.machine.resizeConsole(data.resize.columns, data.resize.rows);
    };
  }
}

function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}
