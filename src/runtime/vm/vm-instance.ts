import type { Digest } from '../../api/content-store';
import type {
  Checkpoint,
  CheckpointRequest,
  ConsoleAttachment,
  ConsoleOutput,
  ExecSpec,
  Exit,
  Instance,
  InstanceResources,
  InstanceState,
  Migration,
  Process,
  Program,
  ProgramId,
  StartMethod,
  VmDiskSpec,
  VmSpec,
} from '../../api/instance';
import type { MachineConfig, MachineImage, MachineImageSource, SavedMachine, SnapshotConfig } from '../../api/machine';
import type { Operation } from '../../api/operation';
import type { ScreenAttachment, ScreenUpdate } from '../../api/screen';
import type { StatSample } from '../../api/stats';
import type { VmImage } from '../../api/vm-image';
import { decodeBase64, encodeBase64 } from '../../base/base64';
import { type Clock, delay } from '../../base/clock';
import { parseError, SandboxError, serializeError, throwIfAborted, toSandboxError } from '../../base/errors';
import type { Event } from '../../base/events';
import { callback, transfer } from '../../rpc/control';
import { InstanceStateMachine } from '../instance-state';
import { copyFromGuest, copyIntoGuest } from './agent-files';
import { preparedConfig, snapshotMismatches } from './compatibility';
import { ConsoleClient } from './console-client';
import { setHostname, setHosts, setNames } from './guest-names';
import { reattachGuestProcess, startGuestProcess } from './guest-process';
import { machineConfig } from './machine-config';
import { portsOf } from './machine-ports';
import { ScreenClient } from './screen-client';
import { v86Version } from './v86-internals';
import { migrate } from './vm-migration';
import type { ImageRoot, VmEvent } from './vm-protocol';
import { type Surroundings, VmRun, type VmWorkerHandle } from './vm-run';

/** What a vm instance is given by its driver. */
export interface VmResources {
  readonly images: MachineImageSource;
  readonly clock: Clock;
  readonly agentProtocol: number;
  /** What surrounds it: networks, disks, names. Without, it has none. */
  readonly surroundings: InstanceResources | undefined;
  wasm(): Promise<WebAssembly.Module>;
  /** A worker, prepared already when one is waiting. */
  worker(): VmWorkerHandle;
  /** A new worker of that host. `Unimplemented` when there are no other hosts, `NotFound` when not that one. */
  workerOn(host: string): VmWorkerHandle;
  mac(): Uint8Array;
  /** Throws `ResourceExhausted` when the machine would not fit beside those that run. */
  assertMemory(): void;
  /** Throws `InvalidArgument` unless a guest can have that name. */
  assertName(name: string): void;
  /** The instance is not used any more. */
  disposed(): void;
}

/** Exit codes follow the shell: 128 + SIGKILL, and 130 for what a person canceled. */
const killedExitCode = 137;
const canceledExitCode = 130;

/** How long a worker may be silent while it saves or loads a machine: a gigabyte where memory is dear. */
const savingMs = 60_000;

/** How long a migration waits for questions that the guest has been asked, so that their answers are not lost. */
const questionsMs = 1_000;

/** Resolves when a guest cannot be asked to stop, because nobody in it would hear. */
function deafness(asked: Promise<void>): Promise<Exit> {
  return new Promise((resolve) => {
    asked.catch((error: unknown) => {
      if (toSandboxError(error).code !== 'FailedPrecondition') return;
      resolve({ code: killedExitCode, reason: 'Killed: its system does not listen to the power button' });
    });
  });
}

/** What a machine is started from, and how. */
interface Launch {
  readonly image: MachineImage;
  readonly buffers: ArrayBuffer[];
  readonly continued: boolean;
  /** It has not run before, so its root is still to be made. */
  readonly begins?: boolean;
}

/** What a cold boot would not change: too little memory, or an image that cannot be the root. */
function isFinal({ code, details }: SandboxError): boolean {
  return code === 'ResourceExhausted' || details['image'] !== undefined;
}

export class VmInstance implements Instance {
  readonly kind = 'vm';
  readonly id: string;
  readonly states: Event<InstanceState>;
  readonly #resources: VmResources;
  readonly #state: InstanceStateMachine;
  readonly #console = new ConsoleClient();
  readonly #screen = new ScreenClient();
  readonly #mac: Uint8Array;
  #spec: VmSpec;
  #run: VmRun | undefined;
  #startMethod: StartMethod | undefined;
  #startNote: string | undefined;
  /** Counts starts of any kind: one that was overtaken by another must not touch that one's state. */
  #attempt = 0;
  /** What is being done with the running machine as a whole. */
  #busy: string | undefined;
  #moving: Promise<unknown> | undefined;
  readonly #questions = new Set<Promise<unknown>>();
  /** Names changed while the guest stood still. */
  #namesChanged = false;

  constructor(id: string, spec: VmSpec, resources: VmResources) {
    this.id = id;
    this.#spec = spec;
    this.#resources = resources;
    this.#state = new InstanceStateMachine(() => resources.clock.now());
    this.states = this.#state.changed;
    this.#mac = resources.mac();
  }

  get spec(): VmSpec {
    return this.#spec;
  }

  get state(): InstanceState {
    return this.#state.current;
  }

  get startMethod(): StartMethod | undefined {
    return this.#startMethod;
  }

  get startNote(): string | undefined {
    return this.#startNote;
  }

  get origin(): readonly Digest[] {
    return this.#run?.origin?.layers ?? [];
  }

  async start(operation: Operation = {}): Promise<void> {
    this.#state.require('start', 'created', 'stopped', 'failed');
    this.#resources.assertMemory();
    const { firmware } = this.#spec;
    await this.#begin(operation, (run) =>
      firmware ? this.#boot(run, operation) : this.#restoreOrBoot(run, operation),
    );
  }

  async reset(operation: Operation = {}): Promise<void> {
    this.#state.require('reset', 'running', 'paused');
    this.#endRun('Reset');
    await this.#begin(operation, (run) => this.#boot(run, operation));
  }

  async restore(saved: SavedMachine, operation: Operation = {}): Promise<void> {
    await this.#assertFits(saved.config, operation);
    this.#makeWay();
    this.#resources.assertMemory();
    await this.#begin(operation, (run) => this.#restoreSaved(run, saved, operation));
  }

  async stop(graceMs: number): Promise<Exit> {
    this.#state.require('stop', 'running', 'paused');
    const wasPaused = this.state.phase === 'paused';
    const ended = this.#nextEnd();
    this.#state.enter('stopping');
    const asked = this.#askToStop(wasPaused);
    // A guest that cannot be asked is killed when the grace time is over, like one that does not obey.
    asked.catch(() => {});
    const waiting = new AbortController();
    const overdue = delay(this.#resources.clock, graceMs, waiting.signal).then((): Exit => {
      const seconds = Math.round(graceMs / 1000);
      return { code: killedExitCode, reason: `Killed: did not power off within ${seconds} s` };
    });
    const exit = await Promise.race([ended, overdue, deafness(asked)]);
    waiting.abort();
    this.#end('stopped', exit);
    return exit;
  }

  async kill(): Promise<Exit> {
    this.#state.require('kill', 'starting', 'running', 'paused', 'stopping');
    const exit = { code: killedExitCode, reason: 'Killed' };
    this.#end('stopped', exit);
    return exit;
  }

  async pause(): Promise<void> {
    this.#state.require('pause', 'running');
    await this.#exclusive('pause', async ({ worker }) => {
      await worker.remote.pause();
      this.#state.enter('paused');
    });
  }

  async resume(): Promise<void> {
    this.#state.require('resume', 'paused');
    await this.#exclusive('resume', async ({ worker }) => {
      await worker.remote.resume();
      this.#state.enter('running');
    });
    await this.#catchUpNames();
  }

  async checkpoint(request: CheckpointRequest, operation: Operation = {}): Promise<Checkpoint> {
    this.#state.require('save', 'running', 'paused');
    throwIfAborted(operation.signal);
    return this.#exclusive('checkpoint', async ({ worker, origin }) => {
      const excuse = worker.excuse(savingMs);
      try {
        const parent = transfer([...request.parent], [...request.parent]);
        const freeze = callback((marks: readonly string[]) => request.freezeDisks(marks));
        const { layer, console, disks, pausedMs } = await worker.remote.checkpoint(parent, freeze);
        if (!origin) throw new SandboxError('Internal', 'A running instance that was made from nothing');
        return { layer, disks, pausedMs, config: this.#snapshotConfig(origin, console) };
      } finally {
        excuse.dispose();
      }
    });
  }

  async migrate(host?: string): Promise<Migration> {
    this.#state.require('migrate', 'running');
    return this.#exclusive('migrate', async (run) => {
      const moving = this.#move(run, host);
      this.#moving = moving.catch(() => {});
      try {
        return await moving;
      } finally {
        this.#moving = undefined;
      }
    });
  }

  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    return this.#console.attach(onOutput);
  }

  attachScreen(onUpdate: (update: ScreenUpdate) => void): ScreenAttachment {
    return this.#screen.attach(onUpdate);
  }

  async exec(spec: ExecSpec): Promise<Process> {
    return this.#ask('exec', ({ worker, streams }) => startGuestProcess(worker.remote, spec, streams));
  }

  async programs(): Promise<readonly Program[]> {
    return this.#ask('list programs', ({ worker }) => worker.remote.programs());
  }

  async reattach(id: ProgramId): Promise<Process> {
    return this.#ask('come back to a program', ({ worker, streams }) =>
      reattachGuestProcess(worker.remote, id, streams),
    );
  }

  async stats(): Promise<StatSample> {
    return this.#ask('read the statistics', ({ worker }) => worker.remote.stats());
  }

  async ping(): Promise<void> {
    await this.#ask('ping', ({ worker }) => worker.remote.pingGuest());
  }

  copyIn(path: string, tar: ReadableStream<Uint8Array>): Promise<void> {
    return copyIntoGuest(this, path, tar);
  }

  copyOut(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return copyFromGuest(this, path);
  }

  async updateHosts(): Promise<void> {
    const { surroundings } = this.#resources;
    // A guest without our agent cannot be told.
    if (!surroundings || this.#spec.firmware) return;
    if (this.state.phase === 'running') await setHosts(this, surroundings.hosts());
    else this.#namesChanged = true;
  }

  async rename(name: string): Promise<void> {
    this.#resources.assertName(name);
    this.#spec = { ...this.#spec, name };
    if (this.#spec.firmware) return;
    if (this.state.phase === 'running') await setHostname(this, name);
    else this.#namesChanged = true;
  }

  setDisks(disks: readonly VmDiskSpec[]): void {
    this.#state.require('change the disks', 'created', 'stopped', 'failed');
    this.#spec = { ...this.#spec, disks };
  }

  async plugNic(nic: number, port: MessagePort): Promise<void> {
    await this.#ask('plug in a cable', ({ worker }) => worker.remote.plugNic(nic, transfer(port, [port])));
  }

  async dispose(): Promise<void> {
    if (this.#run) await this.kill();
    this.#console.disconnect();
    this.#screen.dispose();
    this.#resources.disposed();
  }

  get #config(): MachineConfig {
    return machineConfig(this.#spec);
  }

  #require(): VmRun {
    if (!this.#run) throw new SandboxError('Internal', 'A running instance without a worker');
    return this.#run;
  }

  /** Asks the guest something; while the machine moves to another worker, that waits. */
  async #ask<T>(verb: string, question: (run: VmRun) => Promise<T>): Promise<T> {
    this.#state.require(verb, 'running');
    while (this.#moving) await this.#moving;
    this.#state.require(verb, 'running');
    const answer = question(this.#require());
    this.#questions.add(answer);
    try {
      return await answer;
    } finally {
      this.#questions.delete(answer);
    }
  }

  /** Does something with the machine as a whole; one such thing at a time. */
  async #exclusive<T>(verb: string, work: (run: VmRun) => Promise<T>): Promise<T> {
    if (this.#busy !== undefined) {
      throw new SandboxError('FailedPrecondition', `Cannot ${verb}: the instance is busy (${this.#busy})`);
    }
    this.#busy = verb;
    const run = this.#require();
    try {
      return await work(run);
    } finally {
      // What ended the machine has made an end of this, too, and something else may have begun since.
      if (this.#run === run || !this.#run) this.#busy = undefined;
    }
  }

  async #move(run: VmRun, host: string | undefined): Promise<Migration> {
    const { clock, worker, workerOn, wasm } = this.#resources;
    const waited = new AbortController();
    await Promise.race([Promise.allSettled(this.#questions), delay(clock, questionsMs, waited.signal)]);
    waited.abort();
    run.assertAlive();
    const target = host === undefined ? worker() : workerOn(host);
    this.#watchFor(run, target);
    const migration = await migrate({
      clock,
      run,
      config: this.#config,
      target,
      wasm: host === undefined ? await wasm() : undefined,
      console: () => this.#console.connect(),
      attach: () => this.#attach(run),
      onEvent: (from) => (event) => this.#onVmEvent(from, event),
      fail: (error) => this.#run === run && this.#fail(error),
    });
    await this.#openScreen(run);
    return migration;
  }

  /** Names that changed while the guest could not be told. */
  async #catchUpNames(): Promise<void> {
    if (!this.#namesChanged || this.#spec.firmware || this.state.phase !== 'running') return;
    this.#namesChanged = false;
    const { surroundings } = this.#resources;
    if (surroundings) await setNames(this, this.#spec.name, surroundings.hosts());
    else await setHostname(this, this.#spec.name);
  }

  async #askToStop(wasPaused: boolean): Promise<void> {
    while (this.#moving) await this.#moving;
    const { remote } = this.#require().worker;
    if (wasPaused) await remote.resume();
    await remote.powerOff();
  }

  /** Takes a worker, lets `launch` start a machine in it, and leaves the instance running, stopped or failed. */
  async #begin(operation: Operation, launch: (run: VmRun) => Promise<void>): Promise<void> {
    this.#state.enter('starting');
    this.#attempt += 1;
    const attempt = this.#attempt;
    const isCurrent = (): boolean => attempt === this.#attempt && this.state.phase === 'starting';
    const cancel = (): void => {
      if (isCurrent()) this.#end('stopped', { code: canceledExitCode, reason: 'Canceled while starting' });
    };
    operation.signal?.addEventListener('abort', cancel);
    try {
      throwIfAborted(operation.signal);
      await launch(this.#newRun());
      if (!isCurrent()) throw new SandboxError('Aborted', 'The machine was ended while it started');
      this.#require().worker.watch();
      this.#state.enter('running');
    } catch (thrown) {
      const error = operation.signal?.aborted
        ? new SandboxError('Canceled', 'Canceled while starting')
        : toSandboxError(thrown);
      if (isCurrent()) this.#fail(error);
      throw error;
    } finally {
      operation.signal?.removeEventListener('abort', cancel);
    }
    await this.#catchUpNames();
  }

  /** By the prepared snapshot where it fits; else, and when it turns out broken, by a cold boot. */
  async #restoreOrBoot(run: VmRun, operation: Operation): Promise<void> {
    const reason = await this.#tryPrepared(run, operation);
    if (reason === undefined) return;
    this.#startNote = `Booted from cold: ${reason}`;
    operation.onProgress?.({ phase: this.#startNote });
    this.#endRun(this.#startNote);
    this.#state.require('boot', 'starting');
    await this.#boot(this.#newRun(), operation);
  }

  /** Undefined when the machine runs from the prepared snapshot; else why it does not. */
  async #tryPrepared(run: VmRun, operation: Operation): Promise<string | undefined> {
    const { images, agentProtocol } = this.#resources;
    const config = preparedConfig(this.#config);
    const [snapshot, boot] = await Promise.all([
      images.describeSnapshot(config, operation),
      images.describeBoot(config, operation),
    ]);
    if (!snapshot) return 'there is no snapshot for this configuration';
    const mismatches = snapshotMismatches(snapshot, { machine: config, agentProtocol, ...boot });
    if (mismatches.length > 0) return mismatches.join('; ');
    // Making the machine takes its worker as long as the store's takes to read what it is restored from.
    const prepared = this.#prepare(run);
    prepared.catch(() => {});
    const image = await images.loadSnapshot(config, operation);
    operation.onProgress?.({ phase: 'Restoring the snapshot' });
    run.origin = { ...boot, layers: image.layers.map(({ digest }) => digest) };
    try {
      await prepared;
      await this.#launch(run, {
        image,
        buffers: image.layers.map(({ bytes }) => bytes),
        continued: false,
        begins: true,
      });
      this.#startMethod = 'restored';
      return undefined;
    } catch (thrown) {
      const error = toSandboxError(thrown);
      if (operation.signal?.aborted || isFinal(error) || run.gone.aborted) throw error;
      return `the snapshot could not be restored (${error.message})`;
    }
  }

  async #restoreSaved(run: VmRun, { config, layers, continued }: SavedMachine, operation: Operation): Promise<void> {
    const { kernel, initrd } = config;
    run.origin = { kernel, layers: layers.map(({ digest }) => digest), ...(initrd && { initrd }) };
    operation.onProgress?.({ phase: 'Restoring the machine' });
    const image = { kind: 'state', layers, console: decodeBase64(config.console) } as const;
    await this.#launch(run, { image, buffers: layers.map(({ bytes }) => bytes), continued });
    this.#startMethod = 'restored';
    this.#startNote = undefined;
  }

  async #boot(run: VmRun, operation: Operation): Promise<void> {
    const { images } = this.#resources;
    const config = this.#config;
    run.origin = { ...(await images.describeBoot(config, operation)), layers: [] };
    const image = await images.loadBoot(config, operation);
    operation.onProgress?.({ phase: image.kernel ? 'Booting the kernel' : 'Starting the BIOS' });
    const { bios, vgaBios, kernel, initrd } = image;
    const buffers = [bios, vgaBios, kernel, initrd].filter((buffer) => buffer !== undefined);
    await this.#launch(run, { image, buffers, continued: false, begins: true });
    this.#startMethod = 'cold-boot';
  }

  async #launch(run: VmRun, { image, buffers, continued, begins = false }: Launch): Promise<void> {
    const { worker } = run;
    const { image: imageRoot, shares = [] } = this.#spec;
    const [wasm, surroundings, root] = await Promise.all([
      this.#resources.wasm(),
      this.#attach(run),
      begins && imageRoot ? this.#imageRoot(imageRoot) : undefined,
    ]);
    const console = this.#console.connect();
    const hosts = this.#resources.surroundings?.hosts();
    const identity = { hostname: this.#spec.name, mac: this.#mac, ...(hosts !== undefined && { hosts }) };
    // A guest that goes on keeps the names it had.
    this.#namesChanged = continued;
    const mounts = shares.flatMap((share) =>
      'folder' in share && share.at !== undefined ? [{ tag: share.tag, at: share.at }] : [],
    );
    const first = { ...(root && { root }), ...(begins && mounts.length > 0 && { mounts }) };
    const request = { config: this.#config, wasm, image, identity, ...surroundings, continued, ...first };
    const transfers = [...buffers, ...portsOf(surroundings), ...(root ? [root.program] : [])];
    const onEvent = callback((event: VmEvent) => this.#onVmEvent(worker, event));
    await worker.remote.start(transfer(request, transfers), transfer(console, [console]), onEvent);
    await this.#openScreen(run);
    run.launched.resolve();
  }

  async #prepare({ worker }: VmRun): Promise<void> {
    await worker.remote.prepare(this.#config, await this.#resources.wasm());
  }

  async #imageRoot(image: VmImage): Promise<ImageRoot> {
    return { image, program: await this.#resources.images.loadRootProgram() };
  }

  async #openScreen({ worker }: VmRun): Promise<void> {
    if (!this.#spec.firmware) return;
    const screen = this.#screen.connect();
    await worker.remote.openScreen(transfer(screen, [screen]));
  }

  /** `FailedPrecondition` says in plain words what is different here. */
  async #assertFits(config: SnapshotConfig, operation: Operation): Promise<void> {
    const { images, agentProtocol } = this.#resources;
    const machine = this.#config;
    const mismatches = snapshotMismatches(config, {
      machine,
      agentProtocol,
      ...(await images.describeBoot(machine, operation)),
    });
    if (mismatches.length === 0) return;
    throw new SandboxError('FailedPrecondition', `The machine cannot be restored here: ${mismatches.join('; ')}`);
  }

  #snapshotConfig({ kernel, initrd }: { kernel: Digest; initrd?: Digest }, console: Uint8Array): SnapshotConfig {
    return {
      formatVersion: 1,
      v86: v86Version,
      machine: this.#config,
      kernel,
      ...(initrd && { initrd }),
      agentProtocol: this.#resources.agentProtocol,
      console: encodeBase64(console),
    };
  }

  /** Ends whatever runs, so that something else can begin. */
  #makeWay(): void {
    const { phase } = this.state;
    if (phase === 'starting' || phase === 'stopping') {
      this.#end('stopped', { code: killedExitCode, reason: 'Another state was restored' });
    } else {
      this.#endRun('Another state was restored');
    }
  }

  #newRun(): VmRun {
    const run = new VmRun(this.#resources.worker(), this.#resources.surroundings);
    this.#run = run;
    this.#busy = undefined;
    this.#watchFor(run, run.worker);
    return run;
  }

  #attach(run: VmRun): Promise<Surroundings> {
    return run.attach((nic, port) => {
      // A machine that ends meanwhile needs no network any more.
      this.#renewNic(run, nic, port).catch(() => port.close());
    });
  }

  async #renewNic(run: VmRun, nic: number, port: MessagePort): Promise<void> {
    await run.launched.promise;
    while (this.#moving) await this.#moving;
    run.assertAlive();
    await run.worker.remote.renewNic(nic, transfer(port, [port]));
  }

  /** A worker that is lost takes the machine with it, if it has it. */
  #watchFor(run: VmRun, worker: VmWorkerHandle): void {
    worker.lost.addEventListener('abort', () => {
      if (this.#run === run && run.worker === worker) this.#fail(toSandboxError(worker.lost.reason));
    });
  }

  #onVmEvent(worker: VmWorkerHandle, event: VmEvent): void {
    if (this.#run?.worker !== worker) return;
    if (event.type === 'agentLost') {
      this.#fail(parseError(event.error));
      return;
    }
    if (event.type === 'panic') {
      this.#fail(new SandboxError('Internal', `The guest's kernel died: ${event.message}`));
    } else if (event.type === 'halted' || event.type === 'turnedOff') {
      this.#end('stopped', { code: 0, reason: 'Powered off' });
    } else if (this.state.phase === 'running') {
      // A reboot from inside is a reset; how it went shows in the state.
      this.reset().catch(() => {});
    } else {
      this.#end('stopped', { code: 0, reason: 'Restarted while it was being stopped' });
    }
  }

  /** Resolves when the guest ends by itself. */
  #nextEnd(): Promise<Exit> {
    return new Promise((resolve) => {
      const subscription = this.states((state) => {
        if (state.phase !== 'stopped' && state.phase !== 'failed') return;
        subscription.dispose();
        resolve(state.exit ?? { code: killedExitCode, reason: state.error?.message ?? 'Failed' });
      });
    });
  }

  #end(phase: 'stopped', exit: Exit): void {
    if (this.state.phase === 'stopped' || this.state.phase === 'failed') return;
    this.#endRun(exit.reason);
    this.#state.enter(phase, { exit });
  }

  #fail(error: SandboxError): void {
    if (this.state.phase === 'stopped' || this.state.phase === 'failed') return;
    this.#endRun(error.message);
    const exit = { code: killedExitCode, reason: error.message };
    this.#state.enter('failed', { exit, error: serializeError(error) });
  }

  #endRun(reason: string): void {
    const run = this.#run;
    this.#run = undefined;
    this.#console.disconnect();
    this.#screen.disconnect();
    run?.end(new SandboxError('Aborted', `The instance ${this.#spec.name} has ended: ${reason}`));
  }
}
