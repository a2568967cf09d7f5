import type { EngineNetworks } from '../../api/container-engine';
import type { Filters } from '../../api/container-event';
import type { NetworkConnectBody, NetworkCreateBody, NetworkInspect } from '../../api/container-network';
import type { PruneReport } from '../../api/container-system';
import { SandboxError } from '../../base/errors';
import type { ContainerBook, ContainerEntry } from './container-book';
import type { ContainerNetworks } from './container-networks';
import { endpointOf } from './create-container';
import type { EventLog } from './event-log';
import type { Lifecycle } from './lifecycle';

export interface NetworkVerbsOptions {
  readonly book: ContainerBook;
  readonly networks: ContainerNetworks;
  readonly lifecycle: Lifecycle;
  readonly events: EventLog;
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
    const { book, networks, lifecycle, events } = this.#options;
    const network = networks.find(name);
    const entry = book.find(Container);
    if (!networks.isLab(network)) {
      throw new SandboxError('FailedPrecondition', `container cannot be connected to ${network.name} network`);
    }
    await lifecycle.queue(entry, async () => {
      const { stored } = entry;
      if (stored.endpoints.some((each) => each.network === network.name)) {
        const message = `endpoint with name ${stored.name} already exists in network ${network.name}`;
        throw new SandboxError('FailedPrecondition', message);
      }
      refuseRunning(entry, 'connect');
      const endpoint = endpointOf(network.name, EndpointConfig);
      const changed = { ...stored, endpoints: [...stored.endpoints, endpoint] };
      await networks.connect(entry.id, endpoint, [book.change(changed)]);
      entry.stored = changed;
      book.touch(entry);
    });
    events.add('network', 'connect', network.id, { container: entry.id, name: network.name, type: 'bridge' });
  }

  async disconnect(name: string, container: string): Promise<void> {
    const { book, networks, lifecycle, events } = this.#options;
    const network = networks.find(name);
    const entry = book.find(container);
    await lifecycle.queue(entry, async () => {
      const { stored } = entry;
      if (!stored.endpoints.some((each) => each.network === network.name)) {
        const message = `container ${entry.id} is not connected to network ${network.name}`;
        throw new SandboxError('FailedPrecondition', message);
      }
      refuseRunning(entry, 'disconnect');
      const endpoints = stored.endpoints.filter((each) => each.network !== network.name);
      const changed = { ...stored, endpoints };
      await networks.disconnect(entry.id, network.name, [book.change(changed)]);
      entry.stored = changed;
      book.touch(entry);
    });
    events.add('network', 'disconnect', network.id, { container: entry.id, name: network.name, type: 'bridge' });
  }

  async remove(name: string): Promise<void> {
    const { networks } = this.#options;
    await networks.remove(networks.find(name));
  }

  prune(filters?: Filters): Promise<PruneReport> {
    return this.#options.networks.prune(filters);
  }
}

/** The runtime makes interfaces before the first process begins, and none after. */
function refuseRunning({ run, stored }: ContainerEntry, verb: string): void {
  if (!run) return;
  const message = `cannot ${verb} a running container here: stop ${stored.name}, ${verb} it, and start it again`;
  throw new SandboxError('FailedPrecondition', message);
}
