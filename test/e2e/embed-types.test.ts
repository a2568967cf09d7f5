import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { siteDir } from '../../scripts/lib/paths.mjs';
import { run } from '../../scripts/lib/run.mjs';

const page = `import { embedLab, type EmbedOptions, LabError, type StrataLab } from './vendor/strata.js';
const options: EmbedOptions = { view: 'containers', lesson: '08-unikernels' };
const lab = await embedLab(document.body, options);
const { code }: { readonly code: number } = await lab.exec('alice', 'true');
lab.on('phase', ({ phase }) => console.log(phase === 'ready', code));
export const labOf = (element: StrataLab): boolean => element.lab === lab;
export const codeOf = (error: unknown): string | undefined => (error instanceof LabError ? error.code : undefined);
`;

/** What a type checker says of a page that has a copy of `sdk/` beside it. */
describe('the types of the module for pages that embed labs', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'embed-types-'));
    await cp(join(siteDir, 'sdk'), join(folder, 'vendor'), { recursive: true });
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'page.ts'), page);
    await writeFile(join(folder, 'wrong.ts'), `${page}export const n: number = lab.nonsense;\n`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const check = (file: string, ...options: readonly string[]) => {
    const always = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom,dom.iterable'];
    return run('npx', ['tsc', ...always, ...options, join(folder, file)], { capture: true });
  };

  it.each([
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ])('are found by resolution %s, and say what there is not', async (resolution, module) => {
    const options = ['--moduleResolution', resolution, '--module', module];
    expect(await check('page.ts', ...options)).toMatchObject({ ok: true, output: '' });
    // With it, what cannot be found is taken for anything.
    const wrong = await check('wrong.ts', ...options, '--skipLibCheck');
    expect(wrong.ok).toBe(false);
    expect(wrong.output).toContain("Property 'nonsense' does not exist on type 'EmbeddedLab'");
  });
});
