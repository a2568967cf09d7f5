import { SandboxError } from '../../base/errors';
import { digestOf } from '../../formats/digest';
import { imageLabel, parseStoredLayer } from '../layers/stored-layer';
import type { OpenedStore } from '../open-content-store';
import { partsOf } from './layer-parts';

/**
 * Throws when a kept image lacks anything or anything of it is not what its digest says, or a layer is not whole.
 * Returns the names of all images, sorted. For tests.
 */
export async function checkImages({ images, store, records, layers }: OpenedStore): Promise<readonly string[]> {
  const { images: kept } = await images.records();
  for (const { descriptor, parts, variants } of kept) {
    for (const { digest, size } of parts) {
      const bytes = await store.read(digest);
      if ((await digestOf(bytes)) !== digest || bytes.length !== size)
        throw broken(`${descriptor.digest} has a wrong ${digest}`);
    }
    for (const { diffId } of variants.flatMap((variant) => variant.layers)) await layers.layer(diffId);
  }
  for (const { value } of await records.list('layers')) {
    for (const { digest } of partsOf(parseStoredLayer(value)).parts) {
      if (!(await store.has(digest))) throw broken(`a layer lacks ${digest}`);
    }
  }
  return kept.flatMap(({ references }) => references).sort();
}

/** Throws when the store has blobs of images that no image needs. */
export async function checkNothingLeft({ images, store }: OpenedStore): Promise<void> {
  const needed = new Set((await images.records()).images.flatMap(({ parts }) => parts.map(({ digest }) => digest)));
  const left = (await store.list()).filter(({ digest, label }) => label === imageLabel && !needed.has(digest));
  if (left.length > 0) throw broken(`nothing needs ${left.map(({ digest }) => digest).join(', ')}`);
}

function broken(what: string): SandboxError {
  return new SandboxError('Internal', `The images are broken: ${what}`);
}
