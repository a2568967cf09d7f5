import { runTool } from '../../scripts/lib/run.mjs';

/** All of them on a machine that does much else. */
const limitMs = 3 * 3_600_000;

/**
 * The end to end tests whose business is neither a server of theirs (registries, egress, previews on another origin, embedding
 * pages), nor what is fetched when it is first used (Wasmer), nor the first visit itself (first prompt, images that are pulled,
 * storage that is denied or full), nor an empty console, in which the browser itself writes that there is no network (page).
 */
const files = [
  'apps',
  'cloud',
  'compare',
  'containers',
  'engine-path',
  'faults',
  'files',
  'fleet',
  'hostile-words',
  'lab-archive',
  'lab-archive-containers',
  'lessons',
  'machine-screen',
  'preview',
  'scenarios',
  'store-death',
  'tabs',
  'unikernel',
  'unikernel-demand',
  'volumes-view',
];

/** They run after one visit in which what they start was made available offline, without a network. The page has to be built. */
export async function endToEndOffline(): Promise<void> {
  const paths = files.map((name) => `test/e2e/${name}.test.ts`);
  // One after the other: they are not to be measured, but each begins with a visit that stores 30 MB.
  const { ok } = await runTool('vitest/vitest.mjs', ['run', '--project', 'e2e', '--no-file-parallelism', ...paths], {
    env: { E2E_OFFLINE: '1' },
    timeoutMs: limitMs,
  });
  if (!ok) throw new Error('A test did not pass without a network');
}
