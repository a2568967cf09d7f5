import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { isContainerHost } from '../../engine/host-draft';
import type { InstanceRecord } from '../../engine/instance-record';
import type { Lab } from '../../engine/lab';
import type { CommandIo } from '../command-io';
import { type Command, command } from '../grammar/command';
import type { Flags } from '../grammar/flag';

/** What the commands of machines, hosts, unikernels and networks work with. */
export interface LabContext {
  readonly lab: LabCommands;
  readonly io: CommandIo;
  readonly clock: Clock;
}

/** What of the lab they need. */
export type LabCommands = Pick<
  Lab,
  | 'list'
  | 'instance'
  | 'create'
  | 'start'
  | 'stop'
  | 'kill'
  | 'pause'
  | 'resume'
  | 'reset'
  | 'remove'
  | 'rename'
  | 'snapshot'
  | 'snapshots'
  | 'clone'
  | 'containers'
  | 'networks'
  | 'createNetwork'
  | 'removeNetwork'
>;

export type LabCommand = Command<LabContext>;

/** A command of the lab's, with its flags' types. */
export function labCommand<F extends Flags>(spec: Command<LabContext, F>): LabCommand {
  return command<LabContext, F>(spec);
}

/** What there is a command for. A host is a machine, too. */
export type InstanceKind = 'vm' | 'unikernel' | 'host';

export const isOf: Readonly<Record<InstanceKind, (record: InstanceRecord) => boolean>> = {
  vm: ({ spec }) => spec.kind === 'vm',
  unikernel: ({ spec }) => spec.kind === 'unikernel',
  host: ({ spec }) => isContainerHost(spec),
};

/** The instance that is meant: by its name, its id, or the beginning of that. */
export function findInstance({ lab }: Pick<LabContext, 'lab'>, kind: InstanceKind, given: string): InstanceRecord {
  const all = lab.list().filter(isOf[kind]);
  const exact = all.find(({ id, name }) => name === given || id === given);
  if (exact) return exact;
  const beginning = given === '' ? [] : all.filter(({ id }) => id.startsWith(given));
  const [only, ...more] = beginning;
  if (only && more.length === 0) return only;
  if (only) throw new SandboxError('InvalidArgument', `Several ids begin with ${given}; give more of it`);
  throw new SandboxError('NotFound', `No such ${kind}: ${given}`);
}
