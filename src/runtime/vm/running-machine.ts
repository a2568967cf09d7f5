import type { NicGateway } from '../../api/network';
import type { StatSample } from '../../api/stats';
import { type Clock, systemClock } from '../../base/clock';
import { parseError, SandboxError, serializeError } from '../../base/errors';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { withTimeout } from '../../base/timeout';
import type { NetworkConfig } from '../../formats/agent-network';
import { LastingBlockClient } from '../../rpc/lasting-block-client';
import { SlabPort } from '../../rpc/slab-port';
import { AgentSession } from './agent-session';
import type { AgentSessionState } from './agent-session-state';
import type { ConsoleReader, ReaderPlace } from './console-hub';
import type { Pc } from './devices/pc';
import { hostStats } from './host-stats';
import type { Machine } from './machine';
import { toMovedShare } from './machine-ports';
import { createMachineShare, type MachineShare } from './machine-share';
import type { MemoryImage, MemoryLayer } from './memory-image';
import { copyMemory, walkMemory } from './memory-walk';
import { RelayPort } from './relay-port';
import { prepareParent } from './saved-state';
import { ScreenFeed } from './screen-feed';
import type {
  Connections,
  ConsoleToClient,
  ConsoleToWorker,
  FreezeDisks,
  HeldMachine,
  Identity,
  MachinePorts,
  MovedConsole,
  MovedDisk,
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

interface Disk {
  readonly id: string;
  readonly sizeBytes: number;
  readonly client: LastingBlockClient;
  /** Names the opening that the client's port belongs to. */
  mark: string;
}

interface Console {
  readonly relay: RelayPort<ConsoleToWorker, ConsoleToClient>;
  readonly reader: ConsoleReader;
}

/** A machine in its worker, and everything that leads out of it: its agent, console, networks and disks. */
export class RunningMachine implements Disposable {
  readonly machine: Machine;
  readonly #clock: Clock = systemClock;
  /** Of a machine with our kernel. */
  #agent: AgentSession | undefined;
  readonly #screen: ScreenFeed | undefined;
  #console: Console | undefined;
  #slabPorts: (SlabPort | undefined)[] = [];
  #disks: readonly Disk[] = [];
  #shares: readonly MachineShare[] = [];
  /** What had not been flushed when the machine was given away. */
  #given: readonly MovedDisk[] = [];
  #onEvent: (event: VmEvent) => void = () => {};
  readonly #machineEvents: Disposable;
  #agentEvents = new DisposableStore();
  #greeted = false;
  #stopping = false;
  #running = false;
  #place: ReaderPlace | undefined;
  #copied: MemoryImage | undefined;

  /** With `session` the agent goes on with that one. */
  constructor(machine: Machine, session?: AgentSessionState) {
    this.machine = machine;
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
    this.#connectDisks(
      disks.map((disk, index) => ({ ...disk, unflushed: this.#given[index]?.unflushed ?? [] })),
      true,
    );
    this.#given = [];
    this.#connectShares(shares.map(toMovedShare));
    this.#slabPorts = this.machine.nics.map((nic, index) => {
      const connection = nics[index];
      if (!connection) return undefined;
      const port = new SlabPort(connection.port);
      nic.attach(port);
      return port;
    });
    this.#connectConsole({ port: console, missed: [], input: new Uint8Array(0) }, this.#place);
  }

  /** The port a NIC had led nowhere any more. It is up at once if it was. */
  renewNic(index: number, port: MessagePort): void {
    const nic = this.machine.nics[index];
    if (!nic) return;
    this.#slabPorts[index]?.dispose();
    const renewed = new SlabPort(port);
    this.#slabPorts[index] = renewed;
    nic.attach(renewed);
  }

  /** A NIC that led nowhere; the guest takes its frames as soon as it has it up. */
  plugNic(index: number, port: MessagePort): void {
    const nic = this.machine.nics[index];
    if (!nic) throw new SandboxError('InvalidArgument', `The machine has no NIC ${index}`);
    this.renewNic(index, port);
    nic.up = true;
  }

  /** The store was started again: goes on with the disk as it was opened anew, or without it. */
  renewDisk(index: number, renewed: RenewedDisk): void {
    const disk = this.#disks[index];
    if (!disk) return;
    if ('failed' in renewed) {
      disk.client.fail(parseError(renewed.failed));
      return;
    }
    disk.mark = renewed.mark;
    disk.client.renew(renewed.port);
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
    this.#linkUp();
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
    const [first, ...others] = nics;
    await agent.identity({
      micros: this.#micros(),
      entropy: randomBytes(entropyBytes),
      network: {
        ...networkOf(first, this.machine.nics.length > 0),
        ...(first?.gateway && wayOut(first.gateway)),
        ...(first || !this.machine.nics[0] ? {} : { mac: new Uint8Array(identity.mac) }),
        hostname: identity.hostname,
        ...(identity.hosts !== undefined && { hosts: identity.hosts }),
      },
    });
    for (const [index, nic] of others.entries()) {
      await agent.network({ ...networkOf(nic, true), interface: `eth${index + 1}` });
    }
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
    this.#linkUp();
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
      await this.#drain((client) => client.settled());
      const marks = this.#disks.map(({ mark }) => mark);
      const freezing = withTimeout(this.#clock, diskTimeoutMs, 'The disks did not freeze', freezeDisks(marks));
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
      for (const { client } of this.#disks) client.markDurable();
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
      await this.#drain((client) => client.quiet());
      this.#console?.relay.hold();
      for (const port of this.#slabPorts) port?.hold();
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
    for (const port of this.#slabPorts) port?.release();
    this.#console?.relay.release();
    await this.setClock();
  }

  /** Gives away what leads out, to be transferred in this very turn of the event loop. */
  async leave(): Promise<MachinePorts> {
    await this.#drain((client) => client.quiet());
    // All of it or nothing, from here on without waiting for anything.
    if (!this.#disks.every(({ client }) => client.isQuiet)) {
      throw new SandboxError('Unavailable', 'The store ended while the machine was to move; try again in a moment');
    }
    const disks = this.#disks.map(({ id, sizeBytes, mark, client }, index) => {
      this.machine.disks[index]?.detach();
      return { id, sizeBytes, mark, ...client.handOver() };
    });
    const shares = this.#shares.map((share, index) => {
      this.machine.shares[index]?.detach();
      return share.handOver();
    });
    const console = this.#leaveConsole();
    const nics = this.#slabPorts.map((port) => port?.handOver());
    this.#slabPorts = [];
    this.#disks = [];
    this.#shares = [];
    this.#given = disks;
    this.#agentEvents.dispose();
    return { console, nics, disks, shares, programs: this.#agent?.leave() ?? new Map() };
  }

  /** Takes what the machine had in another worker. It still stands. */
  adopt({ console, nics, disks, shares, programs }: MachinePorts, onEvent: (event: VmEvent) => void): void {
    this.#onEvent = onEvent;
    this.#connectDisks(disks, false);
    this.#connectShares(shares);
    this.#slabPorts = this.machine.nics.map((nic, index) => {
      const moved = nics[index];
      if (!moved) return undefined;
      const port = SlabPort.resume(moved);
      // First of all up: the other end must not take it for a moment's absence.
      nic.up = true;
      nic.attach(port);
      return port;
    });
    this.#connectConsole(console, console.place);
    this.#agent?.adopt(programs);
  }

  /** The machine is here now. Resolves once its agent has answered. */
  async go(): Promise<{ runningSince: number }> {
    await this.run();
    const runningSince = epochMs();
    for (const port of this.#slabPorts) port?.release();
    await withTimeout(this.#clock, resumeTimeoutMs, 'The guest did not wake up', this.setClock());
    return { runningSince };
  }

  dispose(): void {
    this.#onEvent = () => {};
    this.#machineEvents.dispose();
    this.#agentEvents.dispose();
    this.#agent?.dispose();
    this.#screen?.dispose();
    this.#console?.relay.close();
    for (const port of this.#slabPorts) port?.dispose();
    for (const { client } of this.#disks) client.dispose();
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
    this.#linkUp();
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

  #linkUp(): void {
    for (const [index, nic] of this.machine.nics.entries()) if (this.#slabPorts[index]) nic.up = true;
  }

  /** When the CPU stands still nothing is asked any more, so this ends; after a death of the store, when that is back. */
  async #drain(calm: (client: LastingBlockClient) => Promise<void>): Promise<void> {
    const { disks, shares } = this.machine;
    const answered = Promise.all([...disks, ...shares].map((device) => device.drain()));
    const settled = answered.then(() => Promise.all(this.#disks.map(({ client }) => calm(client))));
    await withTimeout(this.#clock, diskTimeoutMs, 'The disks did not answer', settled);
  }

  /** With `again` what had not been flushed is written once more. */
  #connectDisks(disks: readonly MovedDisk[], again: boolean): void {
    this.#disks = disks.map(({ id, sizeBytes, mark, ...state }, index) => {
      const client = new LastingBlockClient(state, { clock: this.#clock }, again);
      this.machine.disks[index]?.attach({ client, sizeBytes, id });
      return { id, sizeBytes, mark, client };
    });
  }

  #connectShares(shares: readonly MovedShare[]): void {
    this.#shares = shares.map((moved, index) => {
      const share = createMachineShare(moved, this.#clock);
      this.machine.shares[index]?.attach(share);
      return share;
    });
  }

  #connectConsole(from: Omit<MovedConsole, 'place'>, place: ReaderPlace | undefined): void {
    const relay: Console['relay'] = new RelayPort(from, (message) => this.#obeyConsole(message));
    const reader = this.machine.console.attach((delivery) => relay.post(delivery, [delivery.bytes.buffer]), place);
    this.#console = { relay, reader };
    if (from.input.length > 0) this.machine.writeConsole(from.input);
    relay.release();
  }

  #obeyConsole(message: ConsoleToWorker): void {
    if ('acknowledged' in message) this.#console?.reader.acknowledge(message.acknowledged);
    else if ('input' in message) this.machine.writeConsole(message.input);
    else this.machine.resizeConsole(message.resize.columns, message.resize.rows);
  }

  #leaveConsole(): MovedConsole {
    const console = this.#console;
    if (!console) throw new SandboxError('FailedPrecondition', 'The machine has no console');
    const { place } = console.reader;
    this.#place = place;
    this.#console = undefined;
    console.reader.dispose();
    return { ...console.relay.detach(), place, input: this.machine.pendingConsoleInput };
  }

  #micros(): number {
    return this.#clock.now() * 1000;
  }
}

function networkOf(nic: NicConnection | undefined, up: boolean): NetworkConfig {
  if (!nic) return { up, addresses: [], routes: [] };
  const { mac, address, prefixLength: prefix, mtu } = nic;
  return { up, mac: new Uint8Array(mac), mtu, addresses: [{ address, prefix }], routes: [] };
}

/** By the gateway of the first NIC's network; those of others are the guest's own to use. */
function wayOut({ address, domain }: NicGateway): Pick<NetworkConfig, 'routes' | 'resolvConf'> {
  const everywhere = { address: '0.0.0.0', prefix: 0 };
  return {
    routes: [{ destination: everywhere, gateway: address }],
    resolvConf: `search ${domain}\nnameserver ${address}\n`,
  };
}

/** Milliseconds since the epoch, finer than a clock's and comparable between threads. */
function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}
