import type {
  ConsoleAttachment,
  ConsoleOutput,
  ExecSpec,
  Exit,
  Instance,
  InstanceState,
  Process,
  StartMethod,
  VmSpec,
} from '../../api/instance';
import type { MachineConfig, MachineImage, MachineImageSource } from '../../api/machine';
import type { Operation } from '../../api/operation';
import type { StatSample } from '../../api/stats';
import { type Clock, delay } from '../../base/clock';
import { parseError, SandboxError, serializeError, throwIfAborted, toSandboxError } from '../../base/errors';
import type { Event } from '../../base/events';
import { callback, transfer } from '../../rpc/control';
import { InstanceStateMachine } from '../instance-state';
import type { SupervisedWorker } from '../supervisor';
import { copyFromGuest, copyIntoGuest } from './agent-files';
import { snapshotMismatches } from './compatibility';
import { ConsoleClient } from './console-client';
import { startGuestProcess } from './guest-process';
import type { Identity, VmEvent, VmService } from './vm-protocol';

export type VmWorkerHandle = SupervisedWorker<VmService>;

/** What a vm instance is given by its driver. */
export interface VmResources {
  readonly images: MachineImageSource;
  readonly clock: Clock;
  readonly agentProtocol: number;
  wasm(): Promise<WebAssembly.Module>;
  /** A worker, prepared already when one is waiting. */
  worker(): VmWorkerHandle;
  mac(): Uint8Array;
  /** Throws `ResourceExhausted` when the machine would not fit beside those that run. */
  assertMemory(): void;
  /** The instance is not used any more. */
  disposed(): void;
}

/** Exit codes follow the shell: 128 + SIGKILL, and 130 for what a person canceled. */
const killedExitCode = 137;
const canceledExitCode = 130;

export class VmInstance implements Instance {
  readonly kind = 'vm';
  readonly id: string;
  readonly spec: VmSpec;
  readonly states: Event<InstanceState>;
  readonly #resources: VmResources;
  readonly #state: InstanceStateMachine;
  readonly #console = new ConsoleClient();
  #worker: VmWorkerHandle | undefined;
  #startMethod: StartMethod | undefined;
  #startNote: string | undefined;
  #identity: Identity;

  constructor(id: string, spec: VmSpec, resources: VmResources) {
    this.id = id;
    this.spec = spec;
    this.#resources = resources;
    this.#state = new InstanceStateMachine(() => resources.clock.now());
    this.states = this.#state.changed;
    this.#identity = { hostname: spec.name, mac: resources.mac() };
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

  async start(operation: Operation = {}): Promise<void> {
    this.#state.require('start', 'created', 'stopped', 'failed');
    this.#resources.assertMemory();
    await this.#run(operation, (worker) => this.#restoreOrBoot(worker, operation));
  }

  async reset(operation: Operation = {}): Promise<void> {
    this.#state.require('reset', 'running', 'paused');
    this.#dropWorker('Reset');
    await this.#run(operation, (worker) => this.#boot(worker, operation));
  }

  async stop(graceMs: number): Promise<Exit> {
    this.#state.require('stop', 'running', 'paused');
    const wasPaused = this.state.phase === 'paused';
    const ended = this.#nextEnd();
    this.#state.enter('stopping');
    const worker = this.#worker;
    const asked = wasPaused ? worker?.remote.resume().then(() => worker.remote.powerOff()) : worker?.remote.powerOff();
    // A guest that cannot be asked is killed when the grace time is over, like one that does not obey.
    asked?.catch(() => {});
    const waiting = new AbortController();
    const overdue = delay(this.#resources.clock, graceMs, waiting.signal).then((): Exit => {
      const seconds = Math.round(graceMs / 1000);
      return { code: killedExitCode, reason: `Killed: did not power off within ${seconds} s` };
    });
    const exit = await Promise.race([ended, overdue]);
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
    await this.#remote.pause();
    this.#state.enter('paused');
  }

  async resume(): Promise<void> {
    this.#state.require('resume', 'paused');
    await this.#remote.resume();
    this.#state.enter('running');
  }

  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    return this.#console.attach(onOutput);
  }

  async exec(spec: ExecSpec): Promise<Process> {
    this.#state.require('exec', 'running');
    const worker = this.#worker;
    if (!worker) throw new SandboxError('Internal', 'A running instance without a worker');
    return startGuestProcess(worker.remote, spec, worker.lost);
  }

  async stats(): Promise<StatSample> {
    this.#state.require('read the statistics', 'running');
    return this.#remote.stats();
  }

  async ping(): Promise<void> {
    this.#state.require('ping', 'running');
    await this.#remote.pingGuest();
  }

  copyIn(path: string, tar: ReadableStream<Uint8Array>): Promise<void> {
    return copyIntoGuest(this, path, tar);
  }

  copyOut(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return copyFromGuest(this, path);
  }

  /** RAM and devices, for a snapshot. */
  async save(): Promise<{ readonly state: ArrayBuffer; readonly console: Uint8Array }> {
    this.#state.require('save', 'running', 'paused');
    return this.#remote.save();
  }

  /** Makes free memory zero, so that what `save` gives compresses well. */
  async trim(): Promise<void> {
    this.#state.require('trim', 'running');
    await this.#remote.trim();
  }

  async dispose(): Promise<void> {
    if (this.#worker) await this.kill();
    this.#console.disconnect();
    this.#resources.disposed();
  }

  get #remote() {
    if (!this.#worker) throw new SandboxError('Internal', 'A running instance without a worker');
    return this.#worker.remote;
  }

  get #config(): MachineConfig {
    const { memoryMiB, devices, containerHost } = this.spec;
    return { memoryMiB, devices, containerHost };
  }

  /** Takes a worker, lets `launch` start a machine in it, and leaves the instance running, stopped or failed. */
  async #run(operation: Operation, launch: (worker: VmWorkerHandle) => Promise<void>): Promise<void> {
    this.#state.enter('starting');
    const cancel = (): void => this.#end('stopped', { code: canceledExitCode, reason: 'Canceled while starting' });
    operation.signal?.addEventListener('abort', cancel);
    try {
      throwIfAborted(operation.signal);
      await launch(this.#takeWorker());
      this.#state.require('finish starting', 'starting');
      this.#worker?.watch();
      this.#state.enter('running');
    } catch (thrown) {
      const error = operation.signal?.aborted
        ? new SandboxError('Canceled', 'Canceled while starting')
        : toSandboxError(thrown);
      if (this.state.phase === 'starting') this.#fail(error);
      throw error;
    } finally {
      operation.signal?.removeEventListener('abort', cancel);
    }
  }

  /** By the prepared snapshot where it fits; else, and when it turns out broken, by a cold boot. */
  async #restoreOrBoot(worker: VmWorkerHandle, operation: Operation): Promise<void> {
    const reason = await this.#tryRestore(worker, operation);
    if (reason === undefined) return;
    this.#startNote = `Booted from cold: ${reason}`;
    operation.onProgress?.({ phase: this.#startNote });
    this.#dropWorker(this.#startNote);
    this.#state.require('boot', 'starting');
    await this.#boot(this.#takeWorker(), operation);
  }

  /** Undefined when the machine runs from its snapshot; else why it does not. */
  async #tryRestore(worker: VmWorkerHandle, operation: Operation): Promise<string | undefined> {
    const { images, agentProtocol } = this.#resources;
    const config = this.#config;
    const snapshot = await images.describeSnapshot(config, operation);
    if (!snapshot) return 'there is no snapshot for this configuration';
    const boot = await images.describeBoot(config, operation);
    const mismatches = snapshotMismatches(snapshot, { machine: config, agentProtocol, ...boot });
    if (mismatches.length > 0) return mismatches.join('; ');
    const image = await images.loadSnapshot(config, operation);
    operation.onProgress?.({ phase: 'Restoring the snapshot' });
    try {
      await this.#launch(worker, image, [image.state]);
      this.#startMethod = 'restored';
      return undefined;
    } catch (thrown) {
      const error = toSandboxError(thrown);
      if (operation.signal?.aborted || error.code === 'ResourceExhausted' || this.state.phase !== 'starting')
        throw error;
      return `the snapshot could not be restored (${error.message})`;
    }
  }

  async #boot(worker: VmWorkerHandle, operation: Operation): Promise<void> {
    const image = await this.#resources.images.loadBoot(this.#config, operation);
    operation.onProgress?.({ phase: 'Booting the kernel' });
    const buffers = [image.bios, image.vgaBios, image.kernel];
    await this.#launch(worker, image, image.initrd ? [...buffers, image.initrd] : buffers);
    this.#startMethod = 'cold-boot';
  }

  async #launch(worker: VmWorkerHandle, image: MachineImage, buffers: ArrayBuffer[]): Promise<void> {
    const wasm = await this.#resources.wasm();
    const console = this.#console.connect();
    const request = { config: this.#config, wasm, image, identity: this.#identity };
    const onEvent = callback((event: VmEvent) => this.#onVmEvent(worker, event));
    await worker.remote.start(transfer(request, buffers), transfer(console, [console]), onEvent);
  }

  #takeWorker(): VmWorkerHandle {
    const worker = this.#resources.worker();
    this.#worker = worker;
    worker.lost.addEventListener('abort', () => {
      if (this.#worker === worker) this.#fail(toSandboxError(worker.lost.reason));
    });
    return worker;
  }

  #onVmEvent(worker: VmWorkerHandle, event: VmEvent): void {
    if (this.#worker !== worker) return;
    if (event.type === 'agentLost') {
      this.#fail(parseError(event.error));
      return;
    }
    if (event.type === 'panic') {
      this.#fail(new SandboxError('Internal', `The guest's kernel died: ${event.message}`));
    } else if (event.type === 'halted') {
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
    this.#dropWorker(exit.reason);
    this.#state.enter(phase, { exit });
  }

  #fail(error: SandboxError): void {
    if (this.state.phase === 'stopped' || this.state.phase === 'failed') return;
    this.#dropWorker(error.message);
    const exit = { code: killedExitCode, reason: error.message };
    this.#state.enter('failed', { exit, error: serializeError(error) });
  }

  #dropWorker(reason: string): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#console.disconnect();
    worker?.terminate(new SandboxError('Aborted', `The instance ${this.spec.name} has ended: ${reason}`));
  }
}
