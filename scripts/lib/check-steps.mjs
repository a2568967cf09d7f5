import { runTool } from './run.mjs';

/** Projects of the type checker: what each may see differs, see docs/ARCHITECTURE.md. */
const typeProjects = ['tsconfig.core.json', 'tsconfig.worker.json', 'tsconfig.ui.json', 'tsconfig.json'];

/** A minute is far more than any of these takes. */
const limits = { capture: true, timeoutMs: 180_000 };

/**
 * What is checked without running our code.
 * @type {readonly import('./steps.mjs').Step[]}
 */
export const staticSteps = [
  { name: 'format and lint', run: () => runTool('@biomejs/biome/bin/biome', ['ci', '--colors=off', '.'], limits) },
  ...typeProjects.map((project) => ({
    name: `types of ${project}`,
    run: () => runTool('typescript/bin/tsc', ['-p', project], limits),
  })),
  {
    name: 'import rule',
    run: () =>
      runTool(
        'dependency-cruiser/bin/dependency-cruise.mjs',
        ['--config', '.dependency-cruiser.mjs', '--output-type', 'err-long', 'src', 'workers'],
        limits,
      ),
  },
  { name: 'lessons', run: () => runTool('tsx/dist/cli.mjs', ['scripts/lessons.ts'], limits) },
  { name: 'unused code', run: () => runTool('knip/bin/knip.js', ['--no-progress'], limits) },
];
