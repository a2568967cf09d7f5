import { runTool } from '../../scripts/lib/run.mjs';

export interface TestsOptions {
  readonly project: 'integration' | 'e2e';
  /** What the names of their files have. */
  readonly files: string;
  /** What is to be `all`, where the tests take a few without. */
  readonly setting: string;
  readonly limitMs: number;
  /** What it means when one fails. */
  readonly failure: string;
}

/** Runs tests with all that they can be run with. Throws when one fails. */
export async function runAllOf({ project, files, setting, limitMs, failure }: TestsOptions): Promise<void> {
  const { ok } = await runTool('vitest/vitest.mjs', ['run', '--project', project, files], {
    env: { [setting]: 'all' },
    timeoutMs: limitMs,
  });
  if (!ok) throw new Error(failure);
}
