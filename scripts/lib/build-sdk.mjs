import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { root, siteDir } from './paths.mjs';
import { run } from './run.mjs';

/** Builds what pages embed labs with (dist/sdk/): one module without imports, and its types. */
export async function buildSdk() {
  const outDir = join(siteDir, 'sdk');
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      lib: { entry: join(root, 'src', 'sdk', 'strata.ts'), formats: ['es'], fileName: () => 'strata.js' },
    },
  });
  const { ok, output } = await run('npx', ['tsc', '-p', 'tsconfig.sdk.json', '--outDir', outDir], { capture: true });
  if (!ok) throw new Error(`The types of the SDK could not be written: ${output}`);
  for (const name of readdirSync(outDir).filter((each) => each.endsWith('.d.ts'))) {
    const path = join(outDir, name);
    writeFileSync(path, withEndings(readFileSync(path, 'utf8')));
  }
}

/**
 * Declarations that name the modules beside them as Node and browsers do, with `.js`: without, a page's TypeScript that resolves as
 * Node does (`nodenext`) finds none of them.
 * @param {string} declarations
 */
function withEndings(declarations) {
  return declarations.replace(/(\bfrom |\bimport\()(['"])(\.\/[\w-]+)\2/g, '$1$2$3.js$2');
}
