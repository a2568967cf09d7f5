import type { ExecSpec, Program, ProgramId } from '../../api/instance';
import type { MachineConfig, MachineImage } from '../../api/machine';
import type { StatSample } from '../../api/stats';
import { systemClock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { expose, transfer } from '../../rpc/control';
import type { AgentSession } from './agent-session';
import type { AgentSessionState } from './agent-session-state';
import { mountFolders } from './folder-mounts';
import { enterImageRoot } from './image-root';
import { Machine } from './machine';
import { buffersOf, transferablesOfMachine } from './machine-ports';
import { MemoryImage, type MemoryLayer, pageBytes } from './memory-image';
import { RunningMachine } from './running-machine';
import type {
  Connections,
  ExecPorts,
  FreezeDisks,
  HeldMachine,
  MachinePorts,
  ReceiveRequest,
  RenewedDisk,
  RenewedShare,
  Saved,
  StartRequest,
  VmEvent,
  VmService,
} from './vm-protocol';

/** How long a guest may take until its agent answers. A cold boot takes 2 s on the slowest machine we know of. */
const agentTimeoutMs = { restored: 5_000, booted: 60_000 } as const;

/** Compiles v86.wasm, for a worker that was given no module: one cannot be sent to another tab's. */
export type CompileV86 = () => Promise<WebAssembly.Module>;

/** Serves a vm worker on the port: one machine, its agent, and the ports to its client. Ends it when the port closes. */
export function serveVm(port: MessagePort, compile: CompileV86): void {
  const worker = new VmWorker(compile);
  expose(worker, port);
  port.addEventListener('close', () => worker.dispose());
}

class VmWorker implements VmService, Disposable {
  readonly #compile: CompileV86;
  #spare: Machine | undefined;
  #preparing: Promise<void> = Promise.resolve();
  #running: RunningMachine | undefined;
  /** Has the memory of a machine that is on its way. */
  #arriving: Machine | undefined;
  #disposed = false;

  constructor(compile: CompileV86) {
    this.#compile = compile;
  }

  ping(): void {}

  async prepare(config: MachineConfig, wasm?: WebAssembly.Module): Promise<void> {
    // One after the other: two that are made at once would both have their memory.
    const preparing = this.#preparing.then(async () => {
      this.#spare = await this.#fitting(config, wasm);
    });
    this.#preparing = preparing.catch(() => {});
    await preparing;
  }

  async start(request: StartRequest, console: MessagePort, onEvent: (event: VmEvent) => void): Promise<void> {
    const { image, nics, disks, shares, identity } = request;
    const machine = await this.#machineFor(request);
    const saved = image.kind === 'state' ? machine.restore(bytesOf(image), image.console) : undefined;
    const session = request.continued ? sessionIn(saved) : undefined;
    const running = this.#take(new RunningMachine(machine, session));
    running.connect({ console, nics, disks, shares }, onEvent);
    // Nobody can tell a guest without our agent who it is: it goes on as whom it was.
    if (session || (machine.pc && image.kind === 'state')) await running.resume();
    else await running.start(identity, nics, agentTimeoutMs[image.kind === 'state' ? 'restored' : 'booted']);
    if (request.root) await enterImageRoot(running.agent, request.root);
    if (request.mounts) await mountFolders(running.agent, request.mounts);
  }

  async pause(): Promise<void> {
    await this.#current.pause();
  }

  async resume(): Promise<void> {
    await this.#current.run();
    await this.#current.setClock();
  }

  async powerOff(): Promise<void> {
    await this.#current.powerOff();
  }

  async openScreen(port: MessagePort): Promise<void> {
    this.#current.openScreen(port);
  }

  async exec(spec: ExecSpec, ports: ExecPorts): Promise<ProgramId> {
    return this.#programId(this.#agent.exec(spec, ports));
  }

  async programs(): Promise<readonly Program[]> {
    return this.#agent.processes().map((program) => ({ ...program, id: this.#programId(program.id) }));
  }

  async reattach(id: ProgramId, ports: ExecPorts): Promise<void> {
    const stream = this.#agent.processes().find((program) => this.#programId(program.id) === id)?.id;
    if (stream === undefined) throw new SandboxError('NotFound', `No such program in the instance: ${id}`);
    this.#agent.reattach(stream, ports);
  }

  async renewNic(nic: number, port: MessagePort): Promise<void> {
    this.#current.renewNic(nic, port);
  }

  async plugNic(nic: number, port: MessagePort): Promise<void> {
    this.#current.plugNic(nic, port);
  }

  async renewDisk(disk: number, renewed: RenewedDisk): Promise<void> {
    this.#current.renewDisk(disk, renewed);
  }

  async renewShare(share: number, renewed: RenewedShare): Promise<void> {
    this.#current.renewShare(share, renewed);
  }

  async stats(): Promise<StatSample> {
    if (this.#current.machine.pc) return this.#current.hostStats;
    const stats = await this.#agent.stats();
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
    await this.#agent.ping();
  }

  async checkpoint(parent: readonly ArrayBuffer[], freezeDisks: FreezeDisks): Promise<Saved> {
    const saved = await this.#current.checkpoint(parent, freezeDisks);
    return transfer(saved, [saved.layer, saved.console.buffer]);
  }

  async copyMemory(): Promise<readonly MemoryLayer[]> {
    const pieces = await this.#current.copyMemory();
    return transfer([...pieces], buffersOf(pieces));
  }

  async forgetCopy(): Promise<void> {
    this.#current.forgetCopy();
  }

  async receive({ config, wasm, memory }: ReceiveRequest): Promise<void> {
    const machine = await this.#fitting(config, wasm);
    this.#arriving = machine;
    const image = new MemoryImage(machine.memory.length / pageBytes);
    for (const piece of memory) image.apply(piece);
    image.writeTo(machine.memory);
  }

  async hold(): Promise<HeldMachine> {
    const held = await this.#current.hold();
    return transfer(held, [held.layer, held.console.buffer]);
  }

  async load(layer: ArrayBuffer, console: Uint8Array): Promise<void> {
    const machine = this.#arriving;
    this.#arriving = undefined;
    if (!machine) throw new SandboxError('FailedPrecondition', 'No machine was announced to this worker');
    const session = sessionIn(machine.restoreOnto(layer, console));
    if (!session && !machine.pc)
      throw new SandboxError('DataLoss', 'A machine on its way to another worker lost its session');
    this.#take(new RunningMachine(machine, session));
  }

  async release(connections?: Connections): Promise<void> {
    await this.#current.release(connections);
  }

  async leave(): Promise<MachinePorts> {
    const ports = await this.#current.leave();
    return transfer(ports, transferablesOfMachine(ports));
  }

  async adopt(ports: MachinePorts, onEvent: (event: VmEvent) => void): Promise<void> {
    this.#current.adopt(ports, onEvent);
  }

  go(): Promise<{ readonly runningSince: number }> {
    return this.#current.go();
  }

  dispose(): void {
    this.#disposed = true;
    void this.#spare?.dispose();
    void this.#arriving?.dispose();
    this.#running?.dispose();
  }

  get #current(): RunningMachine {
    if (!this.#running) throw new SandboxError('FailedPrecondition', 'No machine runs in this worker');
    return this.#running;
  }

  get #agent(): AgentSession {
    return this.#current.agent;
  }

  /** Streams are numbered anew in each session; another machine from the same state has another session. */
  #programId(stream: number): ProgramId {
    return `${this.#agent.id}/${stream}`;
  }

  /** Where the worker is no thread of its own it may have been ended while the machine was made. */
  #take(running: RunningMachine): RunningMachine {
    if (this.#disposed) {
      running.dispose();
      throw new SandboxError('Aborted', 'The worker was ended');
    }
    this.#running = running;
    return running;
  }

  /** The spare machine when it fits. A machine to boot cannot be a spare: v86 takes the kernel when it is made. */
  async #machineFor({ config, wasm, image, identity, nics }: StartRequest): Promise<Machine> {
    if (image.kind === 'state') return this.#fitting(config, wasm);
    await this.#dropSpare();
    return this.#create(config, wasm, nics[0]?.mac ?? identity.mac, image);
  }

  async #fitting(config: MachineConfig, wasm: WebAssembly.Module | undefined): Promise<Machine> {
    const spare = this.#spare;
    if (!spare || !sameConfig(spare.config, config)) {
      await this.#dropSpare();
      return this.#create(config, wasm);
    }
    this.#spare = undefined;
    return spare;
  }

  async #dropSpare(): Promise<void> {
    const spare = this.#spare;
    this.#spare = undefined;
    await spare?.dispose();
  }

  async #create(
    config: MachineConfig,
    wasm: WebAssembly.Module | undefined,
    mac: Uint8Array = new Uint8Array(6),
    boot?: MachineImage & { kind: 'boot' },
  ): Promise<Machine> {
    return Machine.create({ config, wasm: wasm ?? (await this.#compile()), mac }, boot);
  }
}

function bytesOf(image: MachineImage & { kind: 'state' }): ArrayBuffer[] {
  return image.layers.map(({ bytes }) => bytes);
}

/** What was saved beside a machine, if it is a session of this version. */
function sessionIn(saved: unknown): AgentSessionState | undefined {
  const session = saved as Partial<AgentSessionState> | undefined;
  return session?.version === 1 ? (session as AgentSessionState) : undefined;
}

function sameConfig(a: MachineConfig, b: MachineConfig): boolean {
  return (
    a.memoryMiB === b.memoryMiB &&
    a.devices === b.devices &&
    a.containerHost === b.containerHost &&
    (a.nics ?? 1) === (b.nics ?? 1) &&
    (a.disks ?? 0) === (b.disks ?? 0) &&
    (a.shares ?? 0) === (b.shares ?? 0) &&
    // Both come from the same few lines, with their fields in the same order.
    JSON.stringify(a.firmware) === JSON.stringify(b.firmware)
  );
}
