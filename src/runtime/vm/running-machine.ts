import type { StatSample } from '../../api/stats';
import { type Clock, systemClock } from '../../base/clock';
import { parseError, SandboxError, serializeError } from '../../base/errors';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { withTimeout } from '../../base/timeout';
import { AgentSession } from './agent-session';
import type { AgentSessionState } from './agent-session-state';
import type { Pc } from './devices/pc';
import { hostStats } from './host-stats';
import { introduceGuest } from './introduce-guest';
import type { Machine } from './machine';
import { MachineConsole } from './machine-console';
import { MachineDisks } from './machine-disks';
import { MachineNics } from './machine-nics';
import { toMovedShare } from './machine-ports';
import { createMachineShare, type MachineShare } from './machine-share';
import type { MemoryImage, MemoryLayer } from './memory-image';
import { copyMemory, walkMemory } from './memory-walk';
import { prepareParent } from './saved-state';
import { ScreenFeed } from './screen-feed';
import type {
  Connections,
  FreezeDisks,
  HeldMachine,
  Identity,
  MachinePorts,
  MovedShare,
  NicConnection,
  RenewedDisk,
  RenewedShare,
  Saved,
  VmEvent,
} from './vm-protocol';

/** How long disks may take to answer what the guest has asked of them, and to freeze. */
const diskTimeoutMs = 20_000;

/** How long a guest that goes on as it was may take until its agent answers. */
const resumeTimeoutMs = 5_000;

/** Random bytes for a guest that begins anew: more than its pool holds. */
const entropyBytes = 64;

/** A machine in its worker, and everything that leads out of it: its agent, console, networks and disks. */
export class RunningMachine implements Disposable {
  readonly machine: Machine;
  readonly #clock: Clock = systemClock;
  /** Of a machine with our kernel. */
  #agent: AgentSession | undefined;
  readonly #screen: ScreenFeed | undefined;
  readonly #console: MachineConsole;
  readonly #nics: MachineNics;
  readonly #disks: MachineDisks;
  #shares: readonly MachineShare[] = [];
  #onEvent: (event: VmEvent) => void = () => {};
  readonly #machineEvents: Disposable;
  #agentEvents = new DisposableStore();
  #greeted = false;
  #stopping = false;
  #running = false;
  #copied: MemoryImage | undefined;

  /** With `session` the agent goes on with that one. */
  constructor(machine: Machine, session?: AgentSessionState) {
    this.machine = machine;
    this.#console = new MachineConsole(machine);
    this.#nics = new MachineNics(machine.nics);
    this.#disks = new MachineDisks(machine.disks, this.#clock);
    this.#machineEvents = machine.events((event) => this.#onEvent(event));
    this.#agent = this.#openSession(session);
    const { pc } = machine;
    this.#screen = pc && new ScreenFeed(this.#clock, pc.screen, pc.input);
  }

  /** `FailedPrecondition` where the guest has none. */
  get agent(): AgentSession {
    if (this.#agent) return this.#agent;
    throw new SandboxError(
      'FailedPrecondition',
      'The guest runs a system of its own, without our agent: use its screen',
    );
  }

  /** What the host knows of the guest; its agent tells more. */
  get hostStats(): StatSample {
    return hostStats(this.machine, this.#clock.now());
  }

  openScreen(port: MessagePort): void {
    if (!this.#screen) throw new SandboxError('FailedPrecondition', 'The machine has no screen');
    this.#screen.connect(port);
  }

  /** Asks the guest to turn the machine off. `FailedPrecondition` when nobody there listens to the power button. */
  async powerOff(): Promise<void> {
    const { pc } = this.machine;
    if (!pc) await this.agent.powerOff();
    else if (!pc.power.press()) {
      throw new SandboxError('FailedPrecondition', 'The guest does not listen to the power button');
    }
  }

  /** Joins the machine to its surroundings. Its NICs stay down. */
  connect({ console, nics, disks, shares }: Connections, onEvent: (event: VmEvent) => void): void {
    this.#onEvent = onEvent;
    this.#disks.connect(disks);
    this.#connectShares(shares.map(toMovedShare));
    this.#nics.connect(nics);
    this.#console.connect(console);
  }

  /** The port a NIC had led nowhere any more. It is up at once if it was. */
  renewNic(index: number, port: MessagePort): void {
    this.#nics.renew(index, port);
  }

  /** A NIC that led nowhere; the guest takes its frames as soon as it has it up. */
  plugNic(index: number, port: MessagePort): void {
    this.#nics.plug(index, port);
  }

  /** The store was started again: goes on with the disk as it was opened anew, or without it. */
  renewDisk(index: number, renewed: RenewedDisk): void {
    this.#disks.renew(index, renewed);
  }

  /** As {@link renewDisk}. */
  renewShare(index: number, renewed: RenewedShare): void {
    const share = this.#shares[index];
    if ('failed' in renewed) share?.fail(parseError(renewed.failed));
    else share?.renew(renewed.ports);
  }

  /** Runs a machine whose guest is told who it is; resolves once it has taken that on and its NICs are up. */
  async start(identity: Identity, nics: readonly NicConnection[], timeoutMs: number): Promise<void> {
    if (this.machine.pc) await this.#turnOn(this.machine.pc);
    else await this.#introduce(identity, nics, timeoutMs);
    this.#nics.linkUp();
  }

  /** A guest that is not ours finds its address by DHCP, and its MAC in the card. */
  async #turnOn(pc: Pc): Promise<void> {
    await pc.prepareBoot();
    await this.run();
  }

  async #introduce(identity: Identity, nics: readonly NicConnection[], timeoutMs: number): Promise<void> {
    const { agent } = this;
    await this.run();
    await this.#hello(timeoutMs);
    if (this.machine.hasNewDevices) await agent.scanDevices();
    await introduceGuest(agent, {
      identity,
      nics,
      hasNic: this.machine.nics.length > 0,
      micros: this.#micros(),
      entropy: randomBytes(entropyBytes),
    });
  }

  /** Runs a machine that goes on as it was, some time later. */
  async resume(): Promise<void> {
    await this.run();
    if (this.#agent) {
      const woken = this.#agent.clock(this.#micros());
      await withTimeout(this.#clock, resumeTimeoutMs, 'The guest did not wake up', woken);
      // Two pages may have gone on from the same state.
      await this.#agent.entropy(randomBytes(entropyBytes));
    }
    this.#nics.linkUp();
  }

  async run(): Promise<void> {
    await this.machine.run();
    this.#running = true;
  }

  async pause(): Promise<void> {
    this.#running = false;
    await this.machine.pause();
  }

  async setClock(): Promise<void> {
    await this.#agent?.clock(this.#micros());
  }

  /** See `VmService.checkpoint`. */
  async checkpoint(parent: readonly ArrayBuffer[], freezeDisks: FreezeDisks): Promise<Saved> {
    const below = prepareParent(parent);
    await walkMemory(this.#clock, this.machine.memory, below.image);
    const wasRunning = this.#running;
    const begun = this.#clock.monotonic();
    await this.pause();
    try {
      await this.#drain(() => this.#disks.settled());
      const frozen = freezeDisks(this.#disks.marks);
      const freezing = withTimeout(this.#clock, diskTimeoutMs, 'The disks did not freeze', frozen);
      // Said below; meanwhile it must not count as unhandled.
      freezing.catch(() => {});
      const session = this.#agent?.hold();
      let layer: ArrayBuffer;
      try {
        layer = this.machine.saveLayer(below, session);
      } finally {
        this.#agent?.release();
      }
      const console = this.machine.console.snapshot();
      const disks = await freezing;
      this.#disks.markDurable();
      return { layer, console, disks, pausedMs: this.#clock.monotonic() - begun };
    } finally {
      if (wasRunning) await this.run();
    }
  }

  /** See `VmService.copyMemory`. */
  async copyMemory(): Promise<readonly MemoryLayer[]> {
    const { image, pieces } = await copyMemory(this.#clock, this.machine.memory);
    this.#copied = image;
    return pieces;
  }

  forgetCopy(): void {
    this.#copied = undefined;
  }

  /** Stops and saves the machine as it differs from the copy; nothing gets in or out until `release` or `leave`. */
  async hold(): Promise<HeldMachine> {
    const stoppedAt = epochMs();
    await this.pause();
    try {
      await this.#drain(() => this.#disks.quiet());
      this.#console.hold();
      this.#nics.hold();
      const session = this.#agent?.hold();
      const layer = this.machine.saveLayer({ layers: [], ...(this.#copied && { image: this.#copied }) }, session);
      return { layer, console: this.machine.console.snapshot(), stoppedAt };
    } catch (error) {
      await this.release();
      throw error;
    } finally {
      this.#copied = undefined;
    }
  }

  /** Goes on after `hold`; with connections, after `leave`. */
  async release(connections?: Connections, onEvent = this.#onEvent): Promise<void> {
    if (connections) {
      await this.#beginAnew(connections, onEvent);
      return;
    }
    this.#agent?.release();
    await this.run();
    this.#nics.release();
    this.#console.release();
    await this.setClock();
  }

  /** Gives away what leads out, to be transferred in this very turn of the event loop. */
  async leave(): Promise<MachinePorts> {
    await this.#drain(() => this.#disks.quiet());
    // All of it or nothing, from here on without waiting for anything.
    this.#disks.assertQuiet();
    const disks = this.#disks.handOver();
    const shares = this.#shares.map((share, index) => {
      this.machine.shares[index]?.detach();
      return share.handOver();
    });
    const console = this.#console.handOver();
    const nics = this.#nics.handOver();
    this.#shares = [];
    this.#agentEvents.dispose();
    return { console, nics, disks, shares, programs: this.#agent?.leave() ?? new Map() };
  }

  /** Takes what the machine had in another worker. It still stands. */
  adopt({ console, nics, disks, shares, programs }: MachinePorts, onEvent: (event: VmEvent) => void): void {
    this.#onEvent = onEvent;
    this.#disks.adopt(disks);
    this.#connectShares(shares);
    this.#nics.adopt(nics);
    this.#console.adopt(console);
    this.#agent?.adopt(programs);
  }

  /** The machine is here now. Resolves once its agent has answered. */
  async go(): Promise<{ runningSince: number }> {
    await this.run();
    const runningSince = epochMs();
    this.#nics.release();
    await withTimeout(this.#clock, resumeTimeoutMs, 'The guest did not wake up', this.setClock());
    return { runningSince };
  }

  dispose(): void {
    this.#onEvent = () => {};
    this.#machineEvents.dispose();
    this.#agentEvents.dispose();
    this.#agent?.dispose();
    this.#screen?.dispose();
    this.#console.dispose();
    this.#nics.dispose();
    this.#disks.dispose();
    for (const share of this.#shares) share.dispose();
    void this.machine.dispose();
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

  /** After its ports were given away and lost: the guest is the same, its programs have no one to talk to. */
  async #beginAnew(connections: Connections, onEvent: (event: VmEvent) => void): Promise<void> {
    this.#agent = this.#openSession();
    this.connect(connections, onEvent);
    await this.run();
    if (this.#agent) await this.#hello(resumeTimeoutMs);
    await this.setClock();
    this.#nics.linkUp();
  }

  #openSession(from?: AgentSessionState): AgentSession | undefined {
    if (this.machine.pc) return undefined;
    const agent = new AgentSession(this.machine.agentPort, { clock: this.#clock, random: randomBytes }, from);
    this.#greeted = from !== undefined;
    this.#agentEvents = new DisposableStore();
    this.#agentEvents.add(agent.goodbyes(() => this.#sayGoodbye()));
    this.#agentEvents.add(agent.failures((error) => this.#onAgentFailure(error)));
    return agent;
  }

  /** After the agent's last message only the kernel's halt follows. */
  #sayGoodbye(): void {
    this.#stopping = true;
  }

  #onAgentFailure(error: SandboxError): void {
    if (!this.#stopping && this.#greeted) this.#onEvent({ type: 'agentLost', error: serializeError(error) });
  }

  /** When the CPU stands still nothing is asked any more, so this ends; after a death of the store, when that is back. */
  async #drain(calm: () => Promise<void>): Promise<void> {
    const { disks, shares } = this.machine;
    const answered = Promise.all([...disks, ...shares].map((device) => device.drain()));
    const settled = answered.then(calm);
    await withTimeout(this.#clock, diskTimeoutMs, 'The disks did not answer', settled);
  }

  #connectShares(shares: readonly MovedShare[]): void {
    this.#shares = shares.map((moved, index) => {
      const share = createMachineShare(moved, this.#clock);
      this.machine.shares[index]?.attach(share);
      return share;
    });
  }

  #micros(): number {
    return this.#clock.now() * 1000;
  }
}

/** Milliseconds since the epoch, finer than a clock's and comparable between threads. */
function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}
