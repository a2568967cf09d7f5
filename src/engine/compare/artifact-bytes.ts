import type { ArtifactLoader } from '../store-client';
import type { ImagePart } from './form';

/** What an artifact of the page's registry takes on its way here: config and layers, as its manifest says. */
export async function artifactPart(
  artifacts: Pick<ArtifactLoader, 'resolve'>,
  reference: string,
  shared: boolean,
): Promise<ImagePart> {
  const { manifest } = await artifacts.resolve(reference);
  const bytes = [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0);
  return { reference, bytes, shared };
}
