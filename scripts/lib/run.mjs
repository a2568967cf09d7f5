import { spawn } from 'node:child_process';
import { root } from './paths.mjs';

/**
 * @typedef {object} RunResult
 * @property {boolean} ok exit code 0 within the time
 * @property {string} output what it printed, when it was captured
 * @property {boolean} timedOut
 * @property {number} ms how long it took
 *
 * @typedef {object} RunOptions
 * @property {boolean} [capture] keep the output instead of showing it
 * @property {number} [timeoutMs] the program and all it started are killed then; ten minutes unless said
 * @property {NodeJS.ProcessEnv} [env] added to our own environment
 * @property {string} [cwd] the project's folder unless said
 */

/** Process groups under way, to be ended with us. @type {Set<number>} */
const groups = new Set();

/** @param {number} group */
function killGroup(group) {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

process.on('exit', () => groups.forEach(killGroup));

/** A terminal's Ctrl+C reaches our group only; exiting takes the others along. */
const exitOnSignal = () => process.exit(130);

/** @param {number} group */
function addGroup(group) {
  groups.add(group);
  if (groups.size === 1) process.on('SIGINT', exitOnSignal).on('SIGTERM', exitOnSignal);
}

/** @param {number} group */
function removeGroup(group) {
  killGroup(group);
  groups.delete(group);
  if (groups.size === 0) process.off('SIGINT', exitOnSignal).off('SIGTERM', exitOnSignal);
}

/**
 * Runs a program in a process group of its own, so that browsers and guests it
 * started end with it when it takes too long.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export function run(command, args, { capture = false, timeoutMs = 600_000, env = {}, cwd = root } = {}) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(command, args, {
      cwd,
      detached: true,
      env: { ...process.env, ...env },
      stdio: ['ignore', capture ? 'pipe' : 'inherit', capture ? 'pipe' : 'inherit'],
    });
    /** @type {Buffer[]} */
    const output = [];
    child.stdout?.on('data', (bytes) => output.push(bytes));
    child.stderr?.on('data', (bytes) => output.push(bytes));
    let timedOut = false;
    const { pid } = child;
    if (pid !== undefined) addGroup(pid);
    const watchdog = setTimeout(() => {
      timedOut = true;
      if (pid !== undefined) killGroup(pid);
    }, timeoutMs);
    /** @param {boolean} ok @param {string} [failure] */
    const finish = (ok, failure = '') => {
      clearTimeout(watchdog);
      if (pid !== undefined) removeGroup(pid);
      const text = Buffer.concat(output).toString() + failure;
      resolve({ ok, output: text, timedOut, ms: performance.now() - started });
    };
    child.once('error', (error) => finish(false, error.message));
    child.once('close', (code) => finish(code === 0));
  });
}

/**
 * Runs a program of an installed npm package by its file, without a shell and without npm in between.
 * @param {string} file path inside node_modules
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export const runTool = (file, args, options) => run(process.execPath, [`node_modules/${file}`, ...args], options);
