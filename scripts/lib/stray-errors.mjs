import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** The variable of the environment that names the file for what the reporter has to say. */
export const strayErrorsFile = 'STRATA_STRAY_ERRORS';

/** A reporter of vitest for errors that belong to no test: its JSON report leaves those out. */
export default class StrayErrorsReporter {
  /**
   * @param {readonly unknown[]} _modules
   * @param {readonly { readonly name?: string, readonly message?: string, readonly stack?: string }[]} errors
   */
  onTestRunEnd(_modules, errors) {
    const path = process.env[strayErrorsFile];
    if (path === undefined || errors.length === 0) return;
    writeFileSync(path, errors.map(({ name, message, stack }) => stack ?? `${name}: ${message}`).join('\n'));
  }
}

/**
 * @param {string} path
 * @returns {Promise<string>} empty where there was none
 */
export const readStrayErrors = (path) => readFile(path, 'utf8').catch(() => '');
