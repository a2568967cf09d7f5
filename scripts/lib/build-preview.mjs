import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'vite';
import { previewDir, root } from './paths.mjs';

/**
 * One script without imports: service workers and scripts that must run first cannot have any.
 * @param {string} name of a file in src/preview
 * @returns {Promise<string>}
 */
async function bundle(name) {
  const result = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: join(root, 'src', 'preview', `${name}.ts`), formats: ['iife'], name: 'strata' },
    },
  });
  const outputs = Array.isArray(result) ? result : [result];
  const chunks = outputs.flatMap((each) => ('output' in each ? each.output : []));
  const [chunk, ...more] = chunks.filter((each) => each.type === 'chunk');
  if (!chunk || more.length > 0) throw new Error(`src/preview/${name}.ts is not one script`);
  return chunk.code;
}

/**
 * The page's frame for previews without an origin of their own. It has its script inside: a sandboxed page may load none
 * from here.
 * @returns {Promise<string>}
 */
export async function previewFrame() {
  const frame = await readFile(join(root, 'preview', 'frame.html'), 'utf8');
  const script = (await bundle('frame')).replaceAll('</script', '<\\/script');
  return frame.replace('/* script */', () => script);
}

/** Builds what preview origins serve (dist-preview/). */
export async function buildPreview() {
  const folder = join(previewDir, 'strata-preview');
  await rm(previewDir, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const [bridge, worker, page] = await Promise.all(['bridge', 'service-worker', 'page'].map(bundle));
  await writeFile(join(folder, 'bridge.js'), `${bridge}`);
  await writeFile(join(folder, 'page.js'), `${page}`);
  await writeFile(join(previewDir, 'strata-preview.js'), `${worker}`);
  await writeFile(join(folder, 'app.json'), '{ "origins": [] }\n');
  await copyFile(join(root, 'preview', 'bridge.html'), join(folder, 'bridge.html'));
  await copyFile(join(root, 'preview', 'index.html'), join(previewDir, 'index.html'));
}
