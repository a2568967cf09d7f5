import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** The variable of the environment that names the file for what the reporter has to say. */
export const strayErrorsFile = 'STRATA_STRAY_ERRORS';

/** @typedef {{ readonly name?: string, readonly message?: string, readonly stack?: string }} StrayError */

/** A reporter of vitest for errors that belong to no test, as those beside tests and of hooks: its JSON report leaves them out. */
export default class StrayErrorsReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly StrayError[]} beside
   */
  onTestRunEnd(modules, beside) {
    const path = process.env[strayErrorsFile];
    const suites = modules.flatMap((module) => [...module.children.allSuites()]);
    const errors = [...suites.flatMap((suite) => suite.errors()), ...beside];
    if (path === undefined || errors.length === 0) return;
    writeFileSync(path, errors.map(({ name, message, stack }) => stack ?? `${name}: ${message}`).join('\n'));
  }
}

/**
 * @param {string} path
 * @returns {Promise<string>} empty where there was none
 */
export const readStrayErrors = (path) => readFile(path, 'utf8').catch(() => '');
