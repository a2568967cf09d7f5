import { expect, it } from 'vitest';
import { conclude } from './conclusion.mjs';

it.each([
  [{ passed: 3, failed: 0 }, '3 passed, 0 failed', 0],
  [{ passed: 3, failed: 2 }, '3 passed, 2 failed', 1],
  [{ passed: 0, failed: 1 }, '0 passed, 1 failed', 1],
  [{ passed: 0, failed: 0 }, '0 passed, 1 failed', 1],
])('a run of %o ends with "%s" and exit code %i', (total, line, exitCode) => {
  expect(conclude(total)).toEqual({ line, exitCode });
});
