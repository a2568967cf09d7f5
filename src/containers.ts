import type { Lab } from './engine/lab';
import { type PageStock, pullFrom } from './images';
import { ContainerShelf } from './ui/containers/container-shelf';

/** What shows the containers. A part of the page that comes when it is first wanted. */
export async function createContainerShelf(stock: PageStock, lab: Lab): Promise<ContainerShelf> {
  const shelf = new ContainerShelf({
    engine: await lab.containers(),
    lab,
    pull: pullFrom(stock),
  });
  await shelf.refresh();
  return shelf;
}
