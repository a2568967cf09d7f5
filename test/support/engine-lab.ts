import type { LabContainers } from '../../src/engine/containers/engine';
import { layoutOf, openHostPrograms } from './container-lab';
import { createImageLab, type ImageLab } from './image-lab';

export interface EngineLab extends ImageLab {
  readonly engine: LabContainers;
}

/** A lab with its container engine, real hosts, and an image of public/registry. */
export async function createEngineLab(image = 'busybox'): Promise<EngineLab> {
  const { artifacts, close } = await openHostPrograms();
  const made = await createImageLab((loader) => ({
    resolve: (name) => loader.resolve(name),
    load: (request, operation) =>
      (request.reference.startsWith('strata/oci-runtime:') ? artifacts : loader).load(request, operation),
  }));
  const [loaded] = await made.images.loadFolder(layoutOf(image));
  await made.images.tag(loaded?.id ?? '', image);
  return {
    ...made,
    engine: await made.lab.containers(),
    async dispose() {
      await made.dispose();
      await close();
    },
  };
}
