import type { Lab } from './engine/lab';
import type { PageStock } from './images';
import { ContainerShelf } from './ui/containers/container-shelf';

/** What shows the containers. A part of the page that comes when it is first wanted. */
export async function createContainerShelf({ registries }: PageStock, lab: Lab): Promise<ContainerShelf> {
  const shelf = new ContainerShelf({
    engine: await lab.containers(),
    lab,
    pull: async (image, { signal, onProgress }) => {
      await registries.pull(image, {
        ...(signal && { signal }),
        onEvent: (event) => event.kind === 'message' && onProgress?.({ phase: event.text }),
      });
    },
  });
  await shelf.refresh();
  return shelf;
}
