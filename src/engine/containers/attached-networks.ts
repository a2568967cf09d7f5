import type { StoredContainer, StoredEndpoint } from './container-records';

/** Names that mean no network of the lab: the network of the host, and none. */
export const specialNetworks = ['host', 'none'] as const;

/** What a container is on as docker shows it: of `host` and `none` it is one, too, without an interface there. */
export function attachedEndpoints({ endpoints, host }: StoredContainer): readonly StoredEndpoint[] {
  const special = specialNetworks.find((each) => each === host.NetworkMode);
  return special === undefined ? endpoints : [{ network: special, aliases: [], settings: {} }];
}
