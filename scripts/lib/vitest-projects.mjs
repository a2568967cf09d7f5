import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from './run.mjs';
import { readStrayErrors, strayErrorsFile } from './stray-errors.mjs';

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} failures what failed, each with the first lines of why
 *
 * @typedef {object} Project
 * @property {string} name as in vitest.config.ts
 * @property {number} minutes after which the run is killed and counts as failed
 * @property {readonly string[]} needs programs without which it cannot run at all
 */

/** @type {readonly Project[]} in the order they run: the quick ones first */
export const projects = [
  { name: 'unit', minutes: 15, needs: [] },
  { name: 'conformance', minutes: 15, needs: [] },
  { name: 'security', minutes: 15, needs: [] },
  { name: 'browser', minutes: 15, needs: ['chromium'] },
  { name: 'integration', minutes: 30, needs: [] },
  { name: 'e2e', minutes: 30, needs: ['chromium'] },
];

/** Files at a time, where vitest takes one less than there are cores: a guest or a page that is waited for leaves its core free. */
const workers = 2;

/**
 * Runs one project of vitest and reads its JSON report. A run that was killed, or fell over without a
 * failed test to show for it, counts as one failure.
 * @param {Project} project
 * @returns {Promise<Counts>}
 */
export async function runProject({ name, minutes }) {
  const folder = await mkdtemp(join(tmpdir(), 'strata-test-'));
  try {
    const [report, strays] = [join(folder, 'report.json'), join(folder, 'strays.txt')];
    const reporters = ['--reporter=default', '--reporter=json', '--reporter=./scripts/lib/stray-errors.mjs'];
    const many = ['--passWithNoTests', `--maxWorkers=${workers}`];
    const args = ['run', '--project', name, ...many, ...reporters, `--outputFile.json=${report}`];
    const result = await runTool('vitest/vitest.mjs', args, {
      timeoutMs: minutes * 60_000,
      env: { [strayErrorsFile]: strays },
    });
    const { passed, failed, failures } = await readReport(report);
    if (result.timedOut) failures.push(`${name}: not done in ${minutes} minutes`);
    const stray = await readStrayErrors(strays);
    if (stray !== '') failures.push(describe(`${name}: an error of no test`, stray));
    if (failed > 0 || result.ok) return { passed, failed, failures };
    if (failures.length === 0) failures.push(`${name}: ended with an error and no failed test`);
    return { passed, failed: 1, failures };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * No report is what a killed run leaves, or one without tests.
 * @param {string} path
 * @returns {Promise<Counts>}
 */
async function readReport(path) {
  try {
    const report = JSON.parse(await readFile(path, 'utf8'));
    return { passed: report.numPassedTests, failed: report.numFailedTests, failures: listFailures(report) };
  } catch {
    return { passed: 0, failed: 0, failures: [] };
  }
}

const maxMessageLines = 12;

/**
 * @param {any} report of vitest, in Jest's form
 * @returns {string[]} each failed test, and each file that failed as a whole, with the first lines of why
 */
export function listFailures(report) {
  /** @type {string[]} */
  const failures = [];
  for (const file of report.testResults) {
    const failed = file.assertionResults.filter((/** @type {any} */ test) => test.status === 'failed');
    for (const test of failed)
      failures.push(describe(`${file.name}: ${test.fullName}`, test.failureMessages.join('\n')));
    if (failed.length === 0 && file.status === 'failed') failures.push(describe(file.name, file.message));
  }
  return failures;
}

/** @param {string} name @param {string} message */
function describe(name, message) {
  return [name, ...message.trim().split('\n').slice(0, maxMessageLines)].join('\n    ');
}
