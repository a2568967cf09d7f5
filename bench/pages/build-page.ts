import { join } from 'node:path';
import { build } from 'vite';
import { root } from '../../scripts/lib/paths.mjs';

/** Builds one of the bench's pages, with the workers it uses, into a folder. */
export async function buildBenchPage(name: string, folder: string): Promise<void> {
  const pages = join(root, 'bench/pages');
  await build({
    root: pages,
    configFile: false,
    logLevel: 'warn',
    base: './',
    publicDir: false,
    worker: { format: 'es' },
    build: {
      target: 'es2022',
      outDir: folder,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: join(pages, `${name}.html`) },
    },
  });
}
