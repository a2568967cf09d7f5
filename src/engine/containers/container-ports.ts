import type { PublishedPort } from '../../api/container-engine';
import type { ContainerEntry } from './container-book';
import type { ContainerNetworks } from './container-networks';
import type { StoredContainer } from './container-records';
import type { HostPorts } from './host-ports';
import { type BoundPort, PortBook } from './port-book';
import { wishedPorts } from './port-spec';

/** The published ports of containers that run. Who is on internal networks alone publishes none, and takes no number. */
export class ContainerPorts {
  readonly #networks: Pick<ContainerNetworks, 'wayIn'>;
  readonly #book: PortBook;

  constructor(networks: Pick<ContainerNetworks, 'wayIn'>, hostPorts?: HostPorts) {
    this.#networks = networks;
    this.#book = new PortBook(hostPorts);
  }

  /** As its networks are now; what it has already, it keeps. Errors: as of {@link PortBook.bind}. */
  async publish({ id, stored }: Pick<ContainerEntry, 'id' | 'stored'>): Promise<void> {
    if (!this.#networks.wayIn(stored)) this.#book.release(id);
    else if (this.of(id).length === 0) await this.#book.bind(id, wishesOf(stored));
  }

  release(container: string): void {
    this.#book.release(container);
  }

  of(container: string): readonly BoundPort[] {
    return this.#book.of(container);
  }

  /** Of these containers: what is gone in this moment has none. */
  list(containers: readonly Pick<ContainerEntry, 'id' | 'stored'>[]): readonly PublishedPort[] {
    return containers.flatMap(({ id, stored }) => {
      const ports = this.of(id);
      const nic = ports.length > 0 ? this.#networks.wayIn(stored) : undefined;
      if (!nic) return [];
      const { network, address } = nic;
      return ports.map((port) => ({ container: id, name: stored.name, network, address, ...port }));
    });
  }
}

function wishesOf({ config, host }: StoredContainer) {
  const exposed = Object.keys(config.ExposedPorts ?? {});
  return wishedPorts(host.PortBindings ?? {}, exposed, host.PublishAllPorts ?? false);
}
