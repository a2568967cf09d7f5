import type { EngineNetworks } from '../../api/container-engine';
import type { Filters } from '../../api/container-event';
import type { NetworkConnectBody, NetworkCreateBody, NetworkInspect } from '../../api/container-network';
import type { PruneReport } from '../../api/container-system';
import { SandboxError } from '../../base/errors';
import type { ContainerBook, ContainerEntry } from './container-book';
import { type ContainerNetworks, forbidden } from './container-networks';
import type { ContainerPorts } from './container-ports';
import type { StoredContainer } from './container-records';
import { endpointOf } from './create-container';
import { inTurn } from './in-turn';

export interface NetworkVerbsOptions {
  readonly book: ContainerBook;
  readonly networks: ContainerNetworks;
  readonly ports: ContainerPorts;
}

/** What users do with networks. */
export class NetworkVerbs implements EngineNetworks {
  readonly #options: NetworkVerbsOptions;

  constructor(options: NetworkVerbsOptions) {
    this.#options = options;
  }

  async create(body: NetworkCreateBody): Promise<{ readonly Id: string; readonly Warning: string }> {
    const { id } = await this.#options.networks.create(body);
    return { Id: id, Warning: '' };
  }

  async list(filters?: Filters): Promise<readonly NetworkInspect[]> {
    return this.#options.networks.list(filters);
  }

  async inspect(name: string): Promise<NetworkInspect> {
    const { networks } = this.#options;
    return networks.inspect(networks.find(name));
  }

  async connect(name: string, { Container, EndpointConfig = {} }: NetworkConnectBody): Promise<void> {
    const { book, networks, ports } = this.#options;
    const network = networks.find(name);
    const entry = book.find(Container);
    if (!networks.isLab(network)) {
      const message =
        network.name === 'host'
          ? 'container cannot be disconnected from host network or connected to host network'
          : besideNone;
      throw new SandboxError('InvalidArgument', message);
    }
    await inTurn(entry, async () => {
      const { stored, run } = entry;
      requireStaying(entry);
      if (stored.endpoints.some((each) => each.network === network.name)) {
        throw forbidden(`endpoint with name ${stored.name} already exists in network ${network.name}`);
      }
      requireOwnNetworks(stored);
      const endpoint = endpointOf(network.name, EndpointConfig);
      const changed = { ...stored, endpoints: [...stored.endpoints, endpoint] };
      await networks.connect(entry.id, endpoint, [book.change(changed)]);
      entry.stored = changed;
      const nic = networks.findNic(changed, changed.endpoints.length - 1);
      try {
        if (entry.run) await ports.publish(entry);
        if (nic) await run?.host.connect(entry.id, nic);
      } catch (error) {
        await networks.disconnect(entry.id, network.name, [book.change(stored)]);
        entry.stored = stored;
        if (entry.run) await ports.publish(entry);
        throw error;
      }
      book.touch(entry);
    });
    networks.tellOf(network.name, entry.id, 'connect');
  }

  async disconnect(name: string, container: string): Promise<void> {
    const { book, networks, ports } = this.#options;
    const network = networks.find(name);
    const entry = book.find(container);
    await inTurn(entry, async () => {
      const { stored, run } = entry;
      requireStaying(entry);
      const at = stored.endpoints.findIndex((each) => each.network === network.name);
      if (at === -1) {
        const message = `container ${entry.id} is not connected to network ${network.name}`;
        throw new SandboxError('FailedPrecondition', message);
      }
      const nic = networks.findNic(stored, at);
      const endpoints = stored.endpoints.filter((each) => each.network !== network.name);
      const changed = { ...stored, endpoints };
      const isFirst = stored.endpoints[0]?.network === network.name;
      if (nic) await run?.host.disconnect(entry.id, nic, isFirst ? networks.findNic(changed, 0)?.gateway : undefined);
      await networks.disconnect(entry.id, network.name, [book.change(changed)]);
      entry.stored = changed;
      if (entry.run) await ports.publish(entry);
      book.touch(entry);
    });
    networks.tellOf(network.name, entry.id, 'disconnect');
  }

  async remove(name: string): Promise<void> {
    const { networks } = this.#options;
    await networks.remove(networks.find(name));
  }

  prune(filters?: Filters): Promise<PruneReport> {
    return this.#options.networks.prune(filters);
  }
}

function requireStaying({ id, removing }: ContainerEntry): void {
  if (!removing) return;
  const message = `Container ${id} is marked for removal and cannot be connected or disconnected to the network`;
  throw new SandboxError('FailedPrecondition', message);
}

const besideNone = 'container cannot be connected to multiple networks with one of the networks in private (none) mode';

/** Docker's words for a container that is on the network of others, or on none (moby, daemon/container_operations.go). */
function requireOwnNetworks({ host: { NetworkMode = '' } }: StoredContainer): void {
  const message =
    NetworkMode === 'none'
      ? besideNone
      : NetworkMode === 'host' || NetworkMode.startsWith('container:')
        ? 'container sharing network namespace with another container or host cannot be connected to any other network'
        : undefined;
  if (message !== undefined) throw new SandboxError('InvalidArgument', message);
}
