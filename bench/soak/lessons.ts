import { runTool } from '../../scripts/lib/run.mjs';

/** All of them at a machine that does nothing else: half of it. */
const limitMs = 3_600_000;

/** Every lesson from start to end by its solution, in Chromium. The page has to be built. */
export async function solveLessons(): Promise<void> {
  const { ok } = await runTool('vitest/vitest.mjs', ['run', '--project', 'e2e', 'test/e2e/lessons.test.ts'], {
    env: { LESSONS: 'all' },
    timeoutMs: limitMs,
  });
  if (!ok) throw new Error('A lesson did not pass');
}
