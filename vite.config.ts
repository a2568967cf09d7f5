import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';
import { securityHeaders } from './scripts/headers.mjs';
import { licenseText } from './scripts/lib/licenses.mjs';

/** Writes the licences of everything that is shipped beside the page; an unknown licence fails the build. */
function licenses(): Plugin {
  return {
    name: 'strata-licenses',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source: licenseText(import.meta.dirname) });
    },
  };
}

const pages = ['index.html', 'embed.html', 'preview-tab.html'].map((name) => join(import.meta.dirname, name));

export default defineConfig({
  // Relative, so that the built folder works under any path of any static host.
  base: './',
  plugins: [licenses()],
  worker: {
    format: 'es',
    rolldownOptions: {
      output: { entryFileNames: 'assets/worker-[name]-[hash].js', chunkFileNames: 'assets/worker-[name]-[hash].js' },
    },
  },
  build: {
    target: 'es2022',
    // Everything is a file of its own: data: URLs would need holes in the Content-Security-Policy.
    assetsInlineLimit: 0,
    // A small inline-free page: the polyfill is for browsers that have none of what we need anyway.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: pages.filter((path) => existsSync(path)),
      output: { entryFileNames: 'assets/page-[name]-[hash].js', chunkFileNames: 'assets/page-[name]-[hash].js' },
    },
  },
  preview: { headers: securityHeaders() },
});
