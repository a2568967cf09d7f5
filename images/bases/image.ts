import { SandboxError } from '../../src/base/errors';
import { type ImageConfig, serializeImageConfig } from '../../src/formats/image-config';
import { annotations, type Descriptor, mediaTypes } from '../../src/formats/oci';
import { sourceDateEpoch } from '../lib/cpio';
import type { LockedPackage } from '../lib/lock';
import type { OciLayout } from '../lib/oci-layout';
import type { BaseRecipe, ImageRecipe } from './recipe';

/** A layer as it is stored, and what it was made by. */
export interface StoredLayer {
  readonly recipe: BaseRecipe;
  readonly descriptor: Descriptor;
  readonly diffId: ImageConfig['diffIds'][number];
}

const created = new Date(sourceDateEpoch * 1000).toISOString().replace('.000', '');

/** Puts an image of these layers, lowest first, under all its names. */
export function putImage(
  layout: OciLayout,
  image: ImageRecipe,
  layers: readonly StoredLayer[],
  packages: readonly LockedPackage[],
): void {
  const config = layout.putBlob(mediaTypes.config, serializeImageConfig(imageConfig(image, layers, packages)));
  for (const tag of image.tags) {
    layout.putArtifact(`library/${image.name}:${tag}`, { config, layers: layers.map(({ descriptor }) => descriptor) });
  }
}

export function imageConfig(
  image: ImageRecipe,
  layers: readonly Pick<StoredLayer, 'recipe' | 'diffId'>[],
  packages: readonly LockedPackage[],
): ImageConfig {
  return {
    platform: { os: 'linux', architecture: '386' },
    created,
    run: { ...image.run, labels: labelsOf(image, packages) },
    diffIds: layers.map(({ diffId }) => diffId),
    history: layers.map(({ recipe }) => ({
      created,
      createdBy: `images/bases/${recipe.name}: ${recipe.programs.join(' ')}`,
    })),
  };
}

/** What is in the image, and the source package of each part in the version that was built: what licences ask for. */
function labelsOf(image: ImageRecipe, packages: readonly LockedPackage[]): Readonly<Record<string, string>> {
  const main = packages.find(({ name }) => name === image.versionOf);
  if (!main)
    throw new SandboxError('Internal', `${image.name} has no package ${image.versionOf} to take its version from`);
  const sources = new Set(packages.map(({ source, sourceVersion }) => `${source}=${sourceVersion}`));
  return {
    [annotations.title]: image.title,
    'org.opencontainers.image.description': image.description,
    'org.opencontainers.image.version': main.version,
    'org.opencontainers.image.vendor': 'Strata, from packages of Debian 12',
    'org.opencontainers.image.documentation': '/usr/share/doc/*/copyright',
    'dev.strata.sources': [...sources].sort().join(' '),
  };
}
