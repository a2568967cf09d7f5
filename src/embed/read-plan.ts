import { SandboxError } from '../base/errors';
import type { ScenarioPlan } from '../engine/scenarios/plan-scenario';

export interface ReadPlanWords {
  readonly wrong: (where: string) => string;
  readonly place: (line: number, column: number, message: string) => string;
  readonly unreadable: string;
}

/**
 * What a scenario's text would do in a lab of its own. What reads it is fetched when there is something to read. `InvalidArgument`
 * says what is wrong with it, and where.
 */
export async function readPlan(text: string | Promise<string>, words: ReadPlanWords): Promise<ScenarioPlan> {
  const [{ readScenario }, { planScenario }, source] = await Promise.all([
    import('../formats/scenario/read-scenario'),
    import('../engine/scenarios/plan-scenario'),
    text,
  ]);
  const read = readScenario(source);
  if ('value' in read) return planScenario(read.value, { names: new Set(), networks: [] });
  const [first] = read.problems;
  const where = first ? words.place(first.line, first.column, first.message) : words.unreadable;
  throw new SandboxError('InvalidArgument', words.wrong(where));
}
