import type { Digest } from '../../api/content-store';
import type {
  Checkpoint,
  CheckpointRequest,
  ConsoleAttachment,
  ConsoleOutput,
  ExecSpec,
  Exit,
  Instance,
  InstanceState,
  Migration,
  Process,
  Program,
  ProgramId,
  StartMethod,
  VmDiskSpec,
  VmSpec,
} from '../../api/instance';
import type { MachineConfig, SavedMachine } from '../../api/machine';
import type { Operation } from '../../api/operation';
import type { ScreenAttachment, ScreenUpdate } from '../../api/screen';
import type { StatSample } from '../../api/stats';
import { parseError, SandboxError, throwIfAborted } from '../../base/errors';
import type { Event } from '../../base/events';
import { callback, transfer } from '../../rpc/control';
import { InstanceStateMachine } from '../instance-state';
import { copyFromGuest, copyIntoGuest } from './agent-files';
import { assertCompatible, snapshotConfig } from './compatibility';
import { ConsoleClient } from './console-client';
import { reattachGuestProcess, startGuestProcess } from './guest-process';
import { machineConfig } from './machine-config';
import { ScreenClient } from './screen-client';
import { ended, exitInTime, killed, nextExit } from './vm-exits';
import { bootFromCold, type LaunchOptions, restorePrepared, restoreSaved } from './vm-launch';
import { migrate } from './vm-migration';
import { VmNames } from './vm-names';
import type { VmEvent } from './vm-protocol';
import type { VmResources } from './vm-resources';
import { type Surroundings, VmRun, type VmWorkerHandle } from './vm-run';
import { VmRuns } from './vm-runs';

/** How long a worker may be silent while it saves or loads a machine: a gigabyte where memory is dear. */
const savingMs = 60_000;

export class VmInstance implements Instance {
  readonly kind = 'vm';
  readonly id: string;
  readonly states: Event<InstanceState>;
  readonly #resources: VmResources;
  readonly #state: InstanceStateMachine;
  readonly #console = new ConsoleClient();
  readonly #screen = new ScreenClient();
  readonly #mac: Uint8Array;
  readonly #runs: VmRuns;
  readonly #names: VmNames;
  #spec: VmSpec;
  #startMethod: StartMethod | undefined;
  #startNote: string | undefined;

  constructor(id: string, spec: VmSpec, resources: VmResources) {
    this.id = id;
    this.#spec = spec;
    this.#resources = resources;
    this.#state = new InstanceStateMachine(() => resources.clock.now());
    this.states = this.#state.changed;
    this.#mac = resources.mac();
    this.#names = new VmNames(this, resources.surroundings);
    this.#runs = new VmRuns(this.#state, {
      open: () => new VmRun(resources.worker(), resources.surroundings),
      name: () => this.#spec.name,
      ended: () => {
        this.#console.disconnect();
        this.#screen.disconnect();
      },
    });
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
    return this.#runs.current?.origin?.layers ?? [];
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
    this.#runs.endRun('Reset');
    await this.#begin(operation, (run) => this.#boot(run, operation));
  }

  async restore(saved: SavedMachine, operation: Operation = {}): Promise<void> {
    const { images, agentProtocol } = this.#resources;
    const machine = this.#config;
    const boot = await images.describeBoot(machine, operation);
    assertCompatible(saved.config, { machine, agentProtocol, ...boot });
    this.#runs.makeWay('Another state was restored');
    this.#resources.assertMemory();
    await this.#begin(operation, (run) => this.#restoreSaved(run, saved, operation));
  }

  async stop(graceMs: number): Promise<Exit> {
    this.#state.require('stop', 'running', 'paused');
    const wasPaused = this.state.phase === 'paused';
    const exited = nextExit(this.states);
    this.#state.enter('stopping');
    const asked = this.#askToStop(wasPaused);
    const exit = await exitInTime(this.#resources.clock, graceMs, { asked, exited });
    this.#runs.end(exit);
    return exit;
  }

  async kill(): Promise<Exit> {
    this.#state.require('kill', 'starting', 'running', 'paused', 'stopping');
    const exit = killed('Killed');
    this.#runs.end(exit);
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
    await this.#names.catchUp();
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
        const made = { machine: this.#config, agentProtocol: this.#resources.agentProtocol, ...origin };
        return { layer, disks, pausedMs, config: snapshotConfig(made, console) };
      } finally {
        excuse.dispose();
      }
    });
  }

  async migrate(host?: string): Promise<Migration> {
    this.#state.require('migrate', 'running');
    return this.#exclusive('migrate', (run) => run.use.move(this.#resources.clock, () => this.#move(run, host)));
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

  updateHosts(): Promise<void> {
    return this.#names.updateHosts();
  }

  async rename(name: string): Promise<void> {
    this.#resources.assertName(name);
    this.#spec = { ...this.#spec, name };
    await this.#names.updateHostname();
  }

  setDisks(disks: readonly VmDiskSpec[]): void {
    this.#state.require('change the disks', 'created', 'stopped', 'failed');
    this.#spec = { ...this.#spec, disks };
  }

  async plugNic(nic: number, port: MessagePort): Promise<void> {
    await this.#ask('plug in a cable', ({ worker }) => worker.remote.plugNic(nic, transfer(port, [port])));
  }

  async dispose(): Promise<void> {
    if (this.#runs.current) await this.kill();
    this.#console.disconnect();
    this.#screen.dispose();
    this.#resources.disposed();
  }

  get #config(): MachineConfig {
    return machineConfig(this.#spec);
  }

  /** Asks the guest something; while the machine moves to another worker, that waits. */
  async #ask<T>(verb: string, question: (run: VmRun) => Promise<T>): Promise<T> {
    this.#state.require(verb, 'running');
    while (this.#runs.current?.use.moving) await this.#runs.current.use.moving;
    this.#state.require(verb, 'running');
    const run = this.#runs.require();
    return run.use.awaitAnswer(question(run));
  }

  /** Does something with the machine as a whole; one such thing at a time. */
  async #exclusive<T>(verb: string, work: (run: VmRun) => Promise<T>): Promise<T> {
    const run = this.#runs.require();
    return run.use.exclusive(verb, () => work(run));
  }

  async #move(run: VmRun, host: string | undefined): Promise<Migration> {
    const { clock, worker, workerOn, wasm } = this.#resources;
    run.assertAlive();
    const target = host === undefined ? worker() : workerOn(host);
    this.#runs.watchFor(run, target);
    const migration = await migrate({
      clock,
      run,
      config: this.#config,
      target,
      wasm: host === undefined ? await wasm() : undefined,
      console: () => this.#console.connect(),
      attach: () => this.#attach(run),
      onEvent: (from) => (event) => this.#onVmEvent(from, event),
      fail: (error) => this.#runs.current === run && this.#runs.fail(error),
    });
    await this.#openScreen(run);
    return migration;
  }

  async #askToStop(wasPaused: boolean): Promise<void> {
    while (this.#runs.current?.use.moving) await this.#runs.current.use.moving;
    const { remote } = this.#runs.require().worker;
    if (wasPaused) await remote.resume();
    await remote.powerOff();
  }

  async #begin(operation: Operation, launch: (run: VmRun) => Promise<void>): Promise<void> {
    this.#startNote = undefined;
    await this.#runs.begin(operation, launch);
    await this.#names.catchUp();
  }

  /** By the prepared snapshot where it fits; else, and when it turns out broken, by a cold boot. */
  async #restoreOrBoot(run: VmRun, operation: Operation): Promise<void> {
    const reason = await restorePrepared(this.#launching(run, operation));
    if (reason === undefined) {
      this.#startMethod = 'restored';
      return;
    }
    this.#startNote = `Booted from cold: ${reason}`;
    operation.onProgress?.({ phase: this.#startNote });
    await this.#boot(this.#runs.beginAgain(this.#startNote), operation);
  }

  async #restoreSaved(run: VmRun, saved: SavedMachine, operation: Operation): Promise<void> {
    await restoreSaved(this.#launching(run, operation), saved);
    this.#startMethod = 'restored';
  }

  async #boot(run: VmRun, operation: Operation): Promise<void> {
    await bootFromCold(this.#launching(run, operation));
    this.#startMethod = 'cold-boot';
  }

  #launching(run: VmRun, operation: Operation): LaunchOptions {
    const { worker } = run;
    return {
      run,
      spec: this.#spec,
      resources: this.#resources,
      operation,
      attach: () => this.#attach(run),
      console: () => this.#console.connect(),
      identity: (continued) => ({ ...this.#names.identify(continued), mac: this.#mac }),
      openScreen: () => this.#openScreen(run),
      onEvent: (event) => this.#onVmEvent(worker, event),
    };
  }

  async #openScreen({ worker }: VmRun): Promise<void> {
    if (!this.#spec.firmware) return;
    const screen = this.#screen.connect();
    await worker.remote.openScreen(transfer(screen, [screen]));
  }

  #attach(run: VmRun): Promise<Surroundings> {
    return run.attach((nic, port) => {
      // A machine that ends meanwhile needs no network any more.
      this.#renewNic(run, nic, port).catch(() => port.close());
    });
  }

  async #renewNic(run: VmRun, nic: number, port: MessagePort): Promise<void> {
    await run.launched.promise;
    while (run.use.moving) await run.use.moving;
    run.assertAlive();
    await run.worker.remote.renewNic(nic, transfer(port, [port]));
  }

  #onVmEvent(worker: VmWorkerHandle, event: VmEvent): void {
    if (this.#runs.current?.worker !== worker) return;
    if (event.type === 'agentLost') {
      this.#runs.fail(parseError(event.error));
      return;
    }
    if (event.type === 'panic') {
      this.#runs.fail(new SandboxError('Internal', `The guest's kernel died: ${event.message}`));
    } else if (event.type === 'halted' || event.type === 'turnedOff') {
      this.#runs.end(ended('Powered off'));
    } else if (this.state.phase === 'running') {
      // A reboot from inside is a reset; how it went shows in the state.
      this.reset().catch(() => {});
    } else {
      this.#runs.end(ended('Restarted while it was being stopped'));
    }
  }
}
