import type { InstancePhase } from '../api/instance';
import type { InstanceRecord, LabAction } from '../engine/instance-record';
import type { LessonCheck } from '../formats/lesson/lesson';
import type { Scenario } from '../formats/scenario/scenario';
import type { LessonProgress } from './progress';

/** An instance of a lesson's lab that does not run. */
export interface IdleMachine {
  readonly id: string;
  readonly name: string;
  readonly phase: InstancePhase;
  /** It is on its way to running. */
  readonly coming: boolean;
}

/** After which one runs. */
const starts: ReadonlySet<LabAction> = new Set(['start', 'resume', 'recover', 'restore', 'reset']);

type Seen = Pick<InstanceRecord, 'id' | 'name' | 'state' | 'demand' | 'task'>;

/**
 * The instances of a lesson's lab that are there. Several lessons have a machine of the same name: `others`, what belongs to
 * them, is none of this one's.
 */
export function machinesOf<R extends Pick<Seen, 'id' | 'name'>>(
  scenario: Scenario | undefined,
  { before, own, opening }: LessonProgress,
  records: readonly R[],
  others: readonly string[],
): readonly R[] {
  if (!before) return [];
  const wanted = new Set(scenario?.instances.map(({ name }) => name));
  const strange = new Set([...before, ...others]);
  const isOwn = (id: string): boolean => (own && !opening ? own.includes(id) : !strange.has(id));
  return records.filter(({ id, name }) => wanted.has(name) && isOwn(id));
}

/** Of those, the ones that do not run. One that a check of the lesson wants as it is was brought there by its reader. */
export function idleMachines(
  scenario: Scenario | undefined,
  records: readonly Seen[],
  checks: readonly LessonCheck[],
): readonly IdleMachine[] {
  const off = new Set(scenario?.instances.flatMap(({ name, start }) => (start === false ? [name] : [])));
  const meant = new Set(checks.flatMap((each) => (each.kind === 'instance' ? [`${each.instance} ${each.phase}`] : [])));
  return records.flatMap(({ id, name, state: { phase }, demand, task }) =>
    off.has(name) || phase === 'running' || demand?.asleep || meant.has(`${name} ${phase}`)
      ? []
      : [{ id, name, phase, coming: phase === 'starting' || (task !== undefined && starts.has(task.action)) }],
  );
}
