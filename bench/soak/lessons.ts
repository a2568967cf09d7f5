import { runAllOf } from './all-of-tests';

/** Every lesson from start to end by its solution, in Chromium. The page has to be built. */
export function solveLessons(): Promise<void> {
  return runAllOf({
    project: 'e2e',
    files: 'test/e2e/lessons.test.ts',
    setting: 'LESSONS',
    // At a machine that does nothing else: half of it.
    limitMs: 3_600_000,
    failure: 'A lesson did not pass',
  });
}
