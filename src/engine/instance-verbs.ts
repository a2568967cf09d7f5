import type { InstanceId } from '../api/instance';
import type { Operation } from '../api/operation';
import { type Clock, delay } from '../base/clock';
import { SandboxError } from '../base/errors';
import { isLive } from '../runtime/instance-state';
import type { Activator } from './activator';
import type { Autosave } from './autosave';
import { beginAnew } from './begin-anew';
import { type DiskFiles, diskSources } from './disk-files';
import type { Fleet } from './fleet';
import type { InstanceActions } from './instance-actions';
import type { Entry } from './instance-record';
import type { LabModules } from './lab-modules';
import type { Revivals } from './revivals';
import type { Task } from './tasks';

export interface InstanceVerbsOptions {
  readonly fleet: Fleet;
  readonly actions: InstanceActions;
  readonly activator: Activator;
  readonly revivals: Revivals;
  readonly autosave: Autosave;
  readonly diskFiles: DiskFiles;
  readonly modules: LabModules;
  readonly clock: Clock;
  /** How long a guest may take to power off before it is killed, milliseconds. */
  readonly stopGraceMs: number;
  /** How long a removal can be taken back, milliseconds; 8 s when absent. */
  readonly removeGraceMs: number | undefined;
}

/** What is done with one instance, from its start to its removal; each verb is a task. */
export class InstanceVerbs {
  readonly #options: InstanceVerbsOptions;

  constructor(options: InstanceVerbsOptions) {
    this.#options = options;
  }

  /** One on demand runs at once, and sleeps and wakes from then on. */
  start(id: InstanceId): Task {
    const { fleet, actions, activator } = this.#options;
    return actions.run(id, 'start', true, async (entry, operation) => {
      fleet.check(entry.stored.spec);
      await this.#beginAnew(entry, async () => {
        await entry.instance.start(operation);
        activator.arm(entry);
      });
    });
  }

  /** One on demand stays off, and is not woken before it is started again. */
  stop(id: InstanceId): Task {
    const { actions, stopGraceMs } = this.#options;
    return actions.run(id, 'stop', false, (entry) => this.#end(entry, () => entry.instance.stop(stopGraceMs)));
  }

  /** Ends the machine at once, and whatever task is at work on it. One on demand stays off. */
  kill(id: InstanceId): Task {
    const { fleet, actions } = this.#options;
    const entry = fleet.entry(id);
    actions.interrupt(entry);
    delete entry.unasked;
    return actions.run(id, 'kill', false, (entry) => this.#end(entry, () => entry.instance.kill()));
  }

  pause(id: InstanceId): Task {
    const { actions } = this.#options;
    actions.require(id, 'pause', 'paused');
    return actions.run(id, 'pause', false, ({ instance }) => instance.pause());
  }

  resume(id: InstanceId): Task {
    return this.#options.actions.run(id, 'resume', false, ({ instance }) => instance.resume());
  }

  reset(id: InstanceId): Task {
    return this.#options.actions.run(id, 'reset', true, (entry, operation) =>
      this.#beginAnew(entry, () => entry.instance.reset(operation)),
    );
  }

  rename(id: InstanceId, name: string): Task {
    const { fleet, actions, activator } = this.#options;
    return actions.run(id, 'rename', false, async (entry) => {
      await fleet.rename(entry, name);
      activator.renamed(entry);
    });
  }

  /** Moves a running machine to another worker: of this tab, or of the host that is named. */
  migrate(id: InstanceId, host?: string): Task {
    const { actions } = this.#options;
    actions.require(id, 'migrate', 'moved to another worker');
    return actions.run(id, 'migrate', false, async ({ instance }, operation) => {
      const { downtimeMs } = await instance.migrate(host);
      operation.onProgress({ phase: `Moved; it stood still for ${Math.round(downtimeMs)} ms` });
    });
  }

  /** Removes after a time of grace, in which canceling the task puts everything back as it was. */
  remove(id: InstanceId): Task {
    const { fleet, actions } = this.#options;
    actions.interrupt(fleet.entry(id));
    return actions.run(id, 'remove', true, (entry, operation) => this.#remove(entry, operation));
  }

  /** Removes what nobody has used yet, at once and for good. */
  async discard(id: InstanceId): Promise<void> {
    await this.#takeAway(this.#options.fleet.entry(id));
  }

  #beginAnew(entry: Entry, begin: () => Promise<void>): Promise<void> {
    return beginAnew(entry, this.#options, () => this.#options.revivals.during(entry, begin));
  }

  /** Ends a machine because somebody wants that. */
  async #end(entry: Entry, end: () => Promise<unknown>): Promise<void> {
    const { activator, revivals } = this.#options;
    const asleep = entry.demand !== undefined && !isLive(entry.instance.state.phase);
    activator.disarm(entry);
    if (asleep) revivals.forget(entry);
    else await end();
  }

  async #remove(entry: Entry, operation: Required<Operation>): Promise<void> {
    const { removeGraceMs = 8000, clock } = this.#options;
    const { instance } = entry;
    const wasRunning = instance.state.phase === 'running' && entry.abilities.has('pause');
    if (wasRunning) await instance.pause();
    operation.onProgress({ phase: 'Waiting, in case you change your mind' });
    await delay(clock, removeGraceMs, operation.signal);
    if (operation.signal.aborted) {
      if (wasRunning) await instance.resume();
      throw new SandboxError('Canceled', 'Canceled');
    }
    operation.onProgress({ phase: 'Ending the machine' });
    await this.#takeAway(entry);
  }

  async #takeAway(entry: Entry): Promise<void> {
    const { fleet, activator, autosave, diskFiles, modules } = this.#options;
    autosave.forget(entry);
    activator.disarm(entry);
    const sources = diskSources([entry.stored.spec]);
    await fleet.remove(entry);
    diskFiles.release(sources);
    if (entry.instance.kind !== 'vm') await modules.sweep(fleet.specs());
  }
}
