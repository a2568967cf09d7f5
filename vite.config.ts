import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin, type Rolldown } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { securityHeaders } from './scripts/headers.mjs';
import { previewFrame } from './scripts/lib/build-preview.mjs';
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

/** The frame of previews without an origin is made here, so that it is among the files that are kept for later. */
function frame(): Plugin {
  return {
    name: 'strata-preview-frame',
    apply: 'build',
    async generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'preview-frame.html', source: await previewFrame() });
    },
  };
}

/** The page's files for when there is no network, and what a browser has to know to install it. */
function offline() {
  return VitePWA({
    strategies: 'injectManifest',
    srcDir: 'workers',
    filename: 'service-worker.ts',
    // The page does it itself, after the first prompt.
    injectRegister: false,
    manifest: {
      name: 'Strata',
      short_name: 'Strata',
      description: 'A cloud in a browser tab: real Linux machines, containers and unikernels.',
      id: './',
      start_url: './',
      scope: './',
      display: 'standalone',
      background_color: '#0e1217',
      theme_color: '#0e1217',
      categories: ['education', 'developer tools'],
      icons: [
        { src: 'icons/strata-192.png', sizes: '192x192', type: 'image/png' },
        { src: 'icons/strata-512.png', sizes: '512x512', type: 'image/png' },
        { src: 'icons/strata-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        { src: 'icons/strata.svg', sizes: 'any', type: 'image/svg+xml' },
      ],
    },
    manifestFilename: 'manifest.webmanifest',
    injectManifest: {
      globPatterns: ['**/*.{html,js,css,wasm,svg,png,webmanifest,yaml}', 'lessons/**/*'],
      // Guests' images are in the content store. Wasmer is 5 MB that few need: it is kept from its first use on.
      globIgnores: [
        'registry/**',
        'service-worker.js',
        '**/wasmer_sdk_js_bg-*',
        '**/worker-run-wasix-*',
        '**/worker-app-threads-*',
      ],
      // A file with a hash in its name needs no other.
      dontCacheBustURLsMatching: /^assets\/.*-[\w-]{8}\.\w+$/,
      maximumFileSizeToCacheInBytes: 4 * 1024 * 1024,
    },
  });
}

/**
 * The page's first script is one file, though embed.html comes to its parts by another way: app.ts with what it imports, and
 * what embed.ts imports, too, are a chunk each. Everything else comes as it is wanted.
 */
function firstScripts() {
  const entries = ['app', 'embed'].map((name) => join(import.meta.dirname, 'src', `${name}.ts`));
  let closures: readonly ReadonlySet<string>[] | undefined;
  return {
    // What embed.ts imports, too, would come along.
    includeDependenciesRecursively: false,
    name(id: string, context: ChunkingContext) {
      closures ??= entries.map((entry) => staticImports(entry, context));
      const [page, embedded] = closures.map((closure) => closure.has(id));
      if (!page) return null;
      return embedded ? 'common' : 'first';
    },
  };
}

type ChunkingContext = Parameters<Extract<Rolldown.CodeSplittingGroup['name'], (...given: never[]) => unknown>>[1];

/** A set that is walked while it grows: what an entry imports, and what that imports. */
function staticImports(entry: string, context: ChunkingContext): ReadonlySet<string> {
  const found = new Set([entry]);
  for (const id of found) for (const next of context.getModuleInfo(id)?.importedIds ?? []) found.add(next);
  return found;
}

const pages = ['index.html', 'embed.html', 'preview-tab.html'].map((name) => join(import.meta.dirname, name));

/** For browsers it makes HTML of what it decodes, which Trusted Types refuse; the other half has a table. */
const entities = join(import.meta.dirname, 'node_modules/decode-named-character-reference/index.js');

export default defineConfig({
  resolve: { alias: { 'decode-named-character-reference': entities } },
  // Relative, so that the built folder works under any path of any static host.
  base: './',
  plugins: [licenses(), frame(), offline()],
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
      output: {
        entryFileNames: 'assets/page-[name]-[hash].js',
        chunkFileNames: 'assets/page-[name]-[hash].js',
        codeSplitting: { groups: [firstScripts()] },
      },
    },
  },
  preview: { headers: securityHeaders() },
});
