import type { InstanceAbility, InstanceId } from '../api/instance';
import type { Operation } from '../api/operation';
import { SandboxError } from '../base/errors';
import type { Fleet } from './fleet';
import type { Entry, LabAction } from './instance-record';
import type { Task, TaskSpec, Tasks } from './tasks';

/** What is done to instances, as tasks: one at a time for each. */
export class InstanceActions {
  readonly #fleet: Fleet;
  readonly #tasks: Tasks<LabAction>;

  constructor(fleet: Fleet, tasks: Tasks<LabAction>) {
    this.#fleet = fleet;
    this.#tasks = tasks;
  }

  /** Throws unless instances of that kind can be treated so. */
  require(id: InstanceId, ability: InstanceAbility, treated: string): void {
    const { abilities, stored } = this.#fleet.entry(id);
    if (abilities.has(ability)) return;
    throw new SandboxError(
      'FailedPrecondition',
      `${stored.spec.name} is ${stored.spec.kind === 'app' ? 'an' : 'a'} ${stored.spec.kind}, which cannot be ${treated}`,
    );
  }

  /** `FailedPrecondition` while another task works on it. */
  run(
    id: InstanceId,
    action: LabAction,
    cancelable: boolean,
    work: (entry: Entry, operation: Required<Operation>) => Promise<unknown>,
  ): Task {
    const entry = this.#fleet.entry(id);
    const subject = entry.stored.spec.name;
    if (entry.task) {
      throw new SandboxError(
        'FailedPrecondition',
        `${subject} is busy (${entry.task.action}): wait for that, or cancel it first`,
      );
    }
    const spec: TaskSpec<LabAction> = { kind: action, subject, cancelable };
    const task = this.#tasks.run(spec, async (operation) => {
      // At least one turn later, so that the entry knows its task before the work can change anything.
      await entry.unasked;
      try {
        await work(entry, operation);
      } finally {
        if (entry.task?.id === task.id) delete entry.task;
        this.#fleet.touch();
      }
    });
    entry.task = { id: task.id, action };
    this.#fleet.touch();
    return task;
  }

  /** Takes the instance from the task that works on it, so that another can. */
  interrupt(entry: Entry): void {
    if (!entry.task) return;
    const { id, action } = entry.task;
    if (action === 'remove')
      throw new SandboxError('FailedPrecondition', `${entry.stored.spec.name} is being removed: undo that first`);
    if (this.#tasks.get(id).cancelable) this.#tasks.cancel(id);
    delete entry.task;
  }
}
