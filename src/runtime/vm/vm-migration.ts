import type { Migration } from '../../api/instance';
import type { MachineConfig } from '../../api/machine';
import type { Clock } from '../../base/clock';
import { SandboxError, toSandboxError } from '../../base/errors';
import { withTimeout } from '../../base/timeout';
import { callback, transfer } from '../../rpc/control';
import { buffersOf, portsOf, transferablesOfMachine } from './machine-ports';
import type { MemoryLayer } from './memory-image';
import type { Connections, HeldMachine, MachinePorts, VmEvent } from './vm-protocol';
import type { Surroundings, VmRun, VmWorkerHandle } from './vm-run';

/** How long a worker may be busy with saving or loading a machine before that counts as silence. */
const silenceMs = 60_000;

export interface MigrationOptions {
  readonly clock: Clock;
  readonly run: VmRun;
  readonly config: MachineConfig;
  /** A new worker, spawned already. */
  readonly target: VmWorkerHandle;
  /** None for a worker that must compile v86.wasm itself. */
  readonly wasm: WebAssembly.Module | undefined;
  /** A new port for the machine's console, should its own be lost on the way. */
  readonly console: () => MessagePort;
  /** Attaches the machine to its networks and disks anew. */
  readonly attach: () => Promise<Surroundings>;
  readonly onEvent: (worker: VmWorkerHandle) => (event: VmEvent) => void;
  /** The machine can go on neither here nor there. */
  readonly fail: (error: SandboxError) => void;
}

/**
 * Moves a running machine to another worker: its memory while it runs, then the rest while it stands. Until the
 * very last step the old worker can go on, and does so when the new one fails. From `go` on the machine is where
 * it went: what it wrote to its disks there, the old one does not know.
 */
export async function migrate(options: MigrationOptions): Promise<Migration> {
  const { run, target } = options;
  const source = run.worker;
  run.incoming = target;
  const excuses = [source, target].map((worker) => worker.excuse(silenceMs));
  try {
    await prepare(options);
    run.assertAlive();
    const memory = await source.remote.copyMemory();
    await orGoOn(options, receive(options, memory), () => source.remote.forgetCopy());
    const held = await source.remote.hold();
    await orGoOn(options, load(options, held), () => source.remote.release());
    return await giveAway(options, source, held.stoppedAt);
  } catch (thrown) {
    const error = toSandboxError(thrown);
    if (run.worker !== target) target.terminate(error);
    throw error;
  } finally {
    run.incoming = undefined;
    for (const excuse of excuses) excuse.dispose();
  }
}

/** Does a step in the new worker; when it fails the old one goes on. */
async function orGoOn<T>(options: MigrationOptions, step: Promise<T>, goOn: () => Promise<void>): Promise<T> {
  try {
    return await inTime(options, step);
  } catch (thrown) {
    const error = toSandboxError(thrown);
    options.run.assertAlive();
    options.target.terminate(error);
    await goOn().catch((stranded: unknown) => options.fail(toSandboxError(stranded)));
    throw error;
  }
}

/** All that leads out of the machine goes with it; what is to be told to it waits meanwhile. */
async function giveAway(options: MigrationOptions, source: VmWorkerHandle, stoppedAt: number): Promise<Migration> {
  const giving = options.run.giveAway();
  try {
    const ports = await orGoOn(options, source.remote.leave(), () => source.remote.release());
    await orGoOn(options, adopt(options, ports), () => reconnect(options, source));
    return await go(options, stoppedAt);
  } finally {
    giving.dispose();
  }
}

async function go({ run, target, fail }: MigrationOptions, stoppedAt: number): Promise<Migration> {
  run.moveTo(target);
  target.watch();
  try {
    const { runningSince } = await target.remote.go();
    return { downtimeMs: runningSince - stoppedAt };
  } catch (error) {
    fail(toSandboxError(error));
    throw error;
  }
}

/** The new worker is not watched yet. */
function inTime<T>({ clock }: MigrationOptions, step: Promise<T>): Promise<T> {
  return withTimeout(clock, silenceMs, 'The new worker did not get the machine ready', step);
}

async function prepare(options: MigrationOptions): Promise<void> {
  await inTime(options, options.target.remote.prepare(options.config, options.wasm));
}

async function receive({ target, config, wasm }: MigrationOptions, memory: readonly MemoryLayer[]): Promise<void> {
  const request = { config, memory, ...(wasm && { wasm }) };
  await target.remote.receive(transfer(request, buffersOf(memory)));
}

async function load({ target }: MigrationOptions, { layer, console }: HeldMachine): Promise<void> {
  await target.remote.load(transfer(layer, [layer]), console);
}

async function adopt({ target, onEvent }: MigrationOptions, ports: MachinePorts): Promise<void> {
  await target.remote.adopt(transfer(ports, transferablesOfMachine(ports)), callback(onEvent(target)));
}

/** The new worker has taken the ports with it. */
async function reconnect({ run, console, attach }: MigrationOptions, source: VmWorkerHandle): Promise<void> {
  run.loseStreams(new SandboxError('Unavailable', 'The program’s streams were lost when its machine could not move'));
  const surroundings = await attach();
  const connections: Connections = { console: console(), ...surroundings };
  const ports = [connections.console, ...portsOf(connections)];
  await source.remote.release(transfer(connections, ports));
}
