import type { Clock } from '../../base/clock';
import type { Event } from '../../base/events';
import { gatewayNetwork } from '../../network/gateway/gateway-network';
import type { Remote } from '../../rpc/control';
import type { StoreService } from '../../storage/store-service';
import type { StoreEvent } from '../../storage/store-supervision';
import type { LabContainers } from '../containers/engine';
import type { Images } from '../images';
import type { Lab } from '../lab';
import { defaultNetwork } from '../networks';
import type { Registries } from '../registries';
import { ContainerRunner } from './container-runner';
import { type ImageBuilderOptions, StoreImageBuilder } from './image-builder';

export interface LabBuilderOptions {
  readonly lab: Pick<Lab, 'networks'>;
  readonly engine: Pick<LabContainers, 'hosts' | 'tellPrune'>;
  readonly images: Pick<Images, 'tell'>;
  readonly registries: Pick<Registries, 'pull'>;
  readonly remote: Remote<StoreService>;
  /** What becomes of the store's worker, where it has one that can die. */
  readonly store?: Event<StoreEvent>;
  readonly clock: Clock;
  readonly fetch: ImageBuilderOptions['fetch'];
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Builds of a lab: in its store, on its container hosts, from what its registries have. */
export function createLabBuilder(options: LabBuilderOptions): StoreImageBuilder {
  const { lab, engine, images, registries, randomBytes, ...rest } = options;
  // A RUN is on its host's own network, which is the default one.
  const nameserver = (): string | undefined => {
    const network = lab.networks().find(({ name }) => name === defaultNetwork.name);
    return network && gatewayNetwork(network).address;
  };
  return new StoreImageBuilder({
    ...rest,
    pull: (name, platform, operation) => registries.pull(name, { ...operation, platform }),
    tagged: (id, name) => images.tell({ action: 'tag', id, attributes: { name } }),
    pruned: (bytes) => engine.tellPrune('builder', bytes),
    runner: new ContainerRunner({ hosts: engine.hosts, randomBytes, nameserver }),
  });
}
