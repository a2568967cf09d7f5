import { run } from './run.mjs';

/** A push may add this much: repositories keep every byte for ever. */
const defaultMaxBytes = 40 * 1_000_000;

/**
 * @typedef {object} GrowthOptions
 * @property {string} [cwd] the repository; the project's own unless said
 * @property {number} [maxBytes]
 */

/**
 * What git says, or undefined when it fails or is not there.
 * @param {string | undefined} cwd
 * @param {...string} args
 */
async function git(cwd, ...args) {
  const { ok, output } = await run('git', args, { capture: true, timeoutMs: 60_000, ...(cwd ? { cwd } : {}) });
  return ok ? output.trim() : undefined;
}

/**
 * Bytes of all files in a commit.
 * @param {string | undefined} cwd
 * @param {string} commit
 */
async function treeBytes(cwd, commit) {
  const listing = await git(cwd, 'ls-tree', '-r', '--long', '--full-tree', commit);
  return listing
    ?.split('\n')
    .map((line) => Number(line.split(/\s+/)[3]))
    .filter(Number.isFinite)
    .reduce((sum, size) => sum + size, 0);
}

/**
 * What main was before: the remote's main when we are ahead of it, else the commit before this one.
 * @param {string | undefined} cwd
 */
async function findBase(cwd) {
  const head = await git(cwd, 'rev-parse', 'HEAD');
  const remote = await git(cwd, 'rev-parse', '--verify', '--quiet', 'origin/main');
  return remote && remote !== head ? remote : git(cwd, 'rev-parse', '--verify', '--quiet', 'HEAD~1');
}

/**
 * @param {GrowthOptions} [options]
 * @returns {Promise<readonly string[]>} the problem, if the tree grew by too much
 */
export async function treeGrowthProblem({ cwd, maxBytes = defaultMaxBytes } = {}) {
  const base = await findBase(cwd);
  const [before, after] = base ? [await treeBytes(cwd, base), await treeBytes(cwd, 'HEAD')] : [];
  if (before === undefined || after === undefined) {
    console.log('Growth of the tree not checked: no earlier commit is known here');
    return [];
  }
  if (after - before <= maxBytes) return [];
  const [grown, allowed] = [after - before, maxBytes].map((bytes) => (bytes / 1e6).toFixed(1));
  return [`The tree grew by ${grown} MB since ${base}, ${allowed} MB are allowed`];
}
