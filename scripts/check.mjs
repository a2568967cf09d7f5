/** `npm run check`: format, lint, types, import rule, unused code and unit tests, in under three minutes. */
import { availableParallelism } from 'node:os';
import { staticSteps } from './lib/check-steps.mjs';
import { runTool } from './lib/run.mjs';
import { runSteps } from './lib/steps.mjs';

const unitTests = {
  name: 'unit tests',
  run: () =>
    runTool('vitest/vitest.mjs', ['run', '--project', 'unit', '--maxWorkers=2'], { capture: true, timeoutMs: 180_000 }),
};

const failed = await runSteps([unitTests, ...staticSteps], Math.min(4, availableParallelism()));
if (failed.length > 0) console.log(`Failed: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;
