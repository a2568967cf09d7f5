import { isContainerHost } from '../../engine/host-draft';
import type { InstanceRecord } from '../../engine/instance-record';
import { assertNothingPlaced, placedOn } from '../../engine/placed-on';
import type { Task } from '../../engine/tasks';
import type { LabCommands } from './lab-context';

/** A container host is a machine, too: what is on it is not taken with it unasked. */
export async function removeInstance(lab: LabCommands, { id, name, spec }: InstanceRecord): Promise<Task> {
  if (isContainerHost(spec)) assertNothingPlaced(await placedOn(lab, name), name);
  return lab.remove(id);
}
