import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from './run.mjs';
import { treeGrowthProblem } from './tree-growth.mjs';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-growth-'));
  await git('init', '--quiet', '--initial-branch=main');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function git(...args: string[]): Promise<void> {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
  const { ok, output } = await run('git', [...identity, ...args], { cwd: folder, capture: true });
  expect(ok, output).toBe(true);
}

async function commitFile(name: string, bytes: number): Promise<void> {
  await writeFile(join(folder, name), Buffer.alloc(bytes, 1));
  await git('add', '.');
  await git('commit', '--quiet', '--message', name);
}

const problem = () => treeGrowthProblem({ cwd: folder, maxBytes: 1000 });

it('has nothing to compare the first commit with', async () => {
  await commitFile('first', 5000);
  expect(await problem()).toEqual([]);
});

it('allows growth up to the limit and tells of more', async () => {
  await commitFile('first', 5000);
  await commitFile('second', 1000);
  expect(await problem()).toEqual([]);
  await commitFile('third', 1001);
  expect(await problem()).toEqual([expect.stringContaining('grew by')]);
});

it('counts several commits of one push together, from what the remote has', async () => {
  await commitFile('first', 10);
  await git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  await commitFile('second', 600);
  await commitFile('third', 600);
  expect(await problem()).toEqual([expect.stringContaining('grew by')]);
});
