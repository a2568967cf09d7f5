import { availableParallelism } from 'node:os';
import { verifyArtifacts } from '../verify-artifacts.mjs';
import { ensureSite } from './build-site.mjs';
import { staticSteps } from './check-steps.mjs';
import { conclude } from './conclusion.mjs';
import { ensurePackages } from './install.mjs';
import { findProgram, installJudges, missingJudges } from './judges.mjs';
import { runSteps } from './steps.mjs';
import { projects, runProject } from './vitest-projects.mjs';

/** In CI nothing may be left out for want of a program. */
const strict = process.env['CI'] === 'true';

/**
 * `npm test`: everything. Installs what is missing, checks, builds, runs every project and prints the sum as
 * its last line.
 * @returns {Promise<number>} exit code
 */
export async function testAll() {
  /** @type {import('./vitest-projects.mjs').Counts} */
  const total = { passed: 0, failed: 0, failures: [] };
  try {
    await prepare(total);
    for (const project of projects) {
      if (project.needs.some((name) => !findProgram(name))) continue;
      console.log(`\n--- ${project.name} ---`);
      const counts = await runProject(project);
      total.passed += counts.passed;
      total.failed += counts.failed;
      total.failures.push(...counts.failures);
    }
  } catch (error) {
    fail(total, error instanceof Error ? error.message : String(error));
  }
  if (total.passed + total.failed === 0) console.log('FAILED No test ran');
  // Once more at the end: of a long log, the end is what is kept and read.
  for (const failure of total.failures) console.log(`FAILED ${failure}`);
  const { line, exitCode } = conclude(total);
  console.log(line);
  return exitCode;
}

/**
 * Everything before the tests: a step that fails counts as a failure and does not stop the rest.
 * @param {import('./vitest-projects.mjs').Counts} total
 */
async function prepare(total) {
  await ensurePackages();
  await installJudges();
  for (const name of missingJudges()) {
    console.log(`not run: ${name} missing`);
    if (strict) fail(total, `${name} is missing`);
  }
  for (const name of await runSteps(staticSteps, Math.min(4, availableParallelism()))) fail(total, name);
  for (const problem of await verifyArtifacts()) fail(total, `artefacts: ${problem}`);
  try {
    await ensureSite();
  } catch (error) {
    fail(total, error instanceof Error ? error.message : String(error));
  }
}

/** @param {import('./vitest-projects.mjs').Counts} total @param {string} failure */
function fail(total, failure) {
  console.log(`FAILED ${failure}`);
  total.failed += 1;
  total.failures.push(failure);
}
