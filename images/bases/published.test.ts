import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { parseImageConfig } from '../../src/formats/image-config';
import { type Descriptor, mediaTypes } from '../../src/formats/oci';
import { digestOf } from '../lib/digest';
import { readBlob, readManifest, readReferences } from '../lib/oci-layout';
import { rootDirectory } from '../lib/paths';
import { parseTar } from '../lib/tar';
import { installedPackages } from './debian-root';
import { recipeChain } from './recipe';
import { baseRecipes } from './recipes';

const registry = join(rootDirectory, 'public/registry');
const published = readReferences(registry);
const images = baseRecipes.flatMap((recipe) => (recipe.image ? [{ recipe, image: recipe.image }] : []));
const present = images.filter(({ image }) => published.has(`library/${image.name}:latest`));

/** Container images together, compressed: a repository keeps every byte for ever, and a learner fetches them. */
const maxBytes = 70e6;

const manifestOf = (name: string, tag = 'latest') => readManifest(registry, found(`library/${name}:${tag}`));

const layersRead = new Map<string, { readonly diffId: string; readonly date: number }>();

/** What is in a layer, and the date in its gzip header; layers that images share are read once. */
function readLayer(descriptor: Descriptor): { readonly diffId: string; readonly date: number } {
  const known = layersRead.get(descriptor.digest);
  if (known) return known;
  const blob = readBlob(registry, descriptor);
  const layer = { diffId: digestOf(gunzipSync(blob)), date: blob.readUInt32LE(4) };
  layersRead.set(descriptor.digest, layer);
  return layer;
}

function found(reference: string): Descriptor {
  const descriptor = published.get(reference);
  if (!descriptor) throw new Error(`${reference} is not published`);
  return descriptor;
}

describe.runIf(present.length > 0)('published base images', () => {
  it('stay within their size, all together', () => {
    const layers = present.flatMap(({ image }) => manifestOf(image.name).layers);
    const sizes = new Map(layers.map(({ digest, size }) => [digest, size]));
    expect([...sizes.values()].reduce((sum, size) => sum + size, 0)).toBeLessThan(maxBytes);
  });

  it.each(present)('$image.name has the layers of its recipe, shared with those it stands on', ({ recipe, image }) => {
    const manifest = manifestOf(image.name);
    expect(manifest.config.mediaType).toBe(mediaTypes.config);
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual(
      recipeChain(recipe).map(() => mediaTypes.layerGzip),
    );
    if (recipe.parent) expect(manifest.layers[0]).toEqual(manifestOf('debian').layers[0]);
    for (const tag of image.tags)
      expect(found(`library/${image.name}:${tag}`).digest).toBe(found(`library/${image.name}:latest`).digest);
  });

  it.each(present)('$image.name has layers that are what its config says, and of no date', ({ image }) => {
    const manifest = manifestOf(image.name);
    const config = parseImageConfig(readBlob(registry, manifest.config));
    const layers = manifest.layers.map(readLayer);
    expect(layers.map(({ diffId }) => diffId)).toEqual(config.diffIds);
    expect(layers.map(({ date }) => date)).toEqual(layers.map(() => 0));
    expect(config.platform).toEqual({ os: 'linux', architecture: '386' });
  });

  it.each(present.filter(({ recipe }) => recipe.name !== 'busybox'))(
    "$image.name has its packages in dpkg's database",
    ({ recipe, image }) => {
      const top = manifestOf(image.name).layers.at(-1);
      const names = installedPackages(parseTar(top ? gunzipSync(readBlob(registry, top)) : Buffer.alloc(0)));
      const wanted = recipeChain(recipe).flatMap((step) => [...step.programs, ...step.libraries]);
      expect(names.map((line) => line.split(' ')[0]).sort()).toEqual([...wanted].sort());
    },
  );

  const skopeo = findProgram('skopeo');

  it.runIf(skopeo).each(present)('skopeo reads $image.name', ({ image }) => {
    const args = ['inspect', '--override-arch=386', `oci:${registry}:library/${image.name}:latest`];
    const report = JSON.parse(execFileSync(skopeo ?? '', args, { encoding: 'utf8' }));
    expect(report).toMatchObject({
      Architecture: '386',
      Os: 'linux',
      Digest: found(`library/${image.name}:latest`).digest,
    });
  });
});
