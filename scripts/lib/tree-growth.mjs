import { run } from './run.mjs';

/** A push may add this much: repositories keep every byte for ever. */
const maxGrowthBytes = 40 * 1_000_000;

/** @param {readonly string[]} args */
async function git(args) {
  const { ok, output } = await run('git', args, { capture: true, timeoutMs: 60_000 });
  return ok ? output.trim() : undefined;
}

/**
 * Bytes of all files in a commit.
 * @param {string} commit
 */
async function treeBytes(commit) {
  const listing = await git(['ls-tree', '-r', '--long', commit]);
  return listing
    ?.split('\n')
    .map((line) => Number(line.split(/\s+/)[3]))
    .filter(Number.isFinite)
    .reduce((sum, size) => sum + size, 0);
}

/** What main was before: the remote's main when we are ahead of it, else the commit before this one. */
async function findBase() {
  const head = await git(['rev-parse', 'HEAD']);
  const remote = await git(['rev-parse', '--verify', '--quiet', 'origin/main']);
  return remote && remote !== head ? remote : git(['rev-parse', '--verify', '--quiet', 'HEAD~1']);
}

/** @returns {Promise<readonly string[]>} the problem, if the tree grew by too much */
export async function treeGrowthProblem() {
  const base = await findBase();
  const [before, after] = base ? [await treeBytes(base), await treeBytes('HEAD')] : [];
  if (before === undefined || after === undefined) {
    console.log('Growth of the tree not checked: no earlier commit is known here');
    return [];
  }
  const grown = after - before;
  if (grown <= maxGrowthBytes) return [];
  return [`The tree grew by ${(grown / 1e6).toFixed(1)} MB since ${base}, 40 MB are allowed`];
}
