import type { ContainerSummary } from '../../../api/container';
import { containerName } from '../../containers/container-actions';
import { containerPrograms } from '../../containers/container-programs';
import type { ContainerShelf } from '../../containers/container-shelf';
import type { FileOwner } from '../../files/open-guest-files';
import { define } from '../../strata-element';
import { containerText } from '../../text/containers';
import { GuestFiles } from '../files/guest-files';

/** The files of a container, as its own programs see them: its image, what it changed and what is mounted in it. */
export class ContainerFiles extends GuestFiles {
  static override properties = {
    ...GuestFiles.properties,
    containers: { attribute: false },
    container: { attribute: false },
  };
  declare containers: ContainerShelf | undefined;
  declare container: ContainerSummary | undefined;

  protected override get onlyRunning(): string {
    return containerText.onlyRunning(this.container?.State ?? '');
  }

  constructor() {
    super();
    this.containers = undefined;
    this.container = undefined;
  }

  protected override get named(): string | undefined {
    return this.container && containerName(this.container);
  }

  protected override owner(): FileOwner | undefined {
    const { containers, container } = this;
    if (!containers || container?.State !== 'running') return undefined;
    const { Id: id } = container;
    return {
      id,
      exec: containerPrograms(containers.engine, id),
      isThere: () => containers.containers.value.some(({ Id }) => Id === id),
    };
  }
}

define('strata-container-files', ContainerFiles);
