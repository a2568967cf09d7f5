import { runTool } from '../../scripts/lib/run.mjs';

const limitMs = 1_800_000;

/** Every base image does what it is for, frr's routers too. */
export async function useBaseImages(): Promise<void> {
  const { ok } = await runTool('vitest/vitest.mjs', ['run', '--project', 'integration', 'base-images'], {
    env: { BASES: 'all' },
    timeoutMs: limitMs,
  });
  if (!ok) throw new Error('A base image did not do what it is for');
}
