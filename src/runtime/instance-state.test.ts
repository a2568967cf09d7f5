import { describe, expect, it } from 'vitest';
import type { InstancePhase } from '../api/instance';
import { InstanceStateMachine, isLive, transitions } from './instance-state';

const phases = Object.keys(transitions) as InstancePhase[];

/** The shortest way from `created` to a phase, by the table itself. */
function reach(target: InstancePhase): InstanceStateMachine {
  const queue: InstancePhase[][] = [['created']];
  for (let path = queue.shift(); path; path = queue.shift()) {
    const last = path.at(-1) ?? 'created';
    if (last === target) {
      const machine = new InstanceStateMachine(() => 0);
      for (const phase of path.slice(1)) machine.enter(phase);
      return machine;
    }
    for (const next of transitions[last]) if (!path.includes(next)) queue.push([...path, next]);
  }
  throw new Error(`${target} cannot be reached`);
}

describe('the states of an instance', () => {
  it('say when a machine is there', () => {
    expect(phases.filter(isLive)).toEqual(['starting', 'running', 'paused', 'stopping']);
  });

  for (const from of phases) {
    for (const to of phases) {
      const allowed = transitions[from].includes(to);
      it(`${allowed ? 'allows' : 'refuses'} ${from} to ${to}`, () => {
        const machine = reach(from);
        if (allowed) {
          machine.enter(to);
          expect(machine.current.phase).toBe(to);
        } else {
          expect(() => machine.enter(to)).toThrow(expect.objectContaining({ code: 'FailedPrecondition' }));
          expect(machine.current.phase).toBe(from);
        }
      });
    }
  }

  it('can always be started again, whatever happened', () => {
    for (const phase of ['created', 'stopped', 'failed'] as const) expect(transitions[phase]).toContain('starting');
  });

  it('tells its listeners, with the time', () => {
    let time = 5;
    const machine = new InstanceStateMachine(() => time);
    const seen: unknown[] = [];
    machine.changed((state) => seen.push(state));
    time = 7;
    machine.enter('starting');
    expect(seen).toEqual([{ phase: 'starting', since: 7 }]);
  });
});
