import type { NetworkSpec } from '../../api/network';
import { addressNumber } from '../../formats/ip-address';
import { parseSubnet } from '../../formats/subnet';
import { portName } from '../../runtime/container/port-guard';
import type { NestedNode } from './topology-graph';

/** A bridge of a host, and the network that its card is on. */
export interface NetworkBridge {
  readonly name: string;
  readonly network: string;
}

/**
 * The interfaces of a container as they are now. Its kernel tells of those that it was started with; which of them it has
 * still, and which it was given since, its networks tell: the name of a port is made of bridge, MAC and address. What one
 * that came later is called inside is not known here: it has no name.
 */
export function interfacesNow(
  { interfaces, stations }: NestedNode,
  bridges: readonly NetworkBridge[],
  networks: readonly NetworkSpec[],
): NestedNode['interfaces'] {
  // Its kernel has not answered yet, or it has no network of its own.
  if (interfaces.length === 0) return interfaces;
  const ports = stations.flatMap(({ mac, address }) => {
    const lab = networks.find(({ subnet }) => isIn(subnet, address))?.name;
    const bridge = bridges.find(({ network }) => network === lab)?.name;
    return bridge === undefined ? [] : [{ name: '', bridge, host: portName({ bridge, mac, address }) }];
  });
  return [
    ...interfaces.filter(
      // Of a bridge whose network is not known yet, the kernel's word is all there is.
      ({ host, bridge }) => ports.some((port) => port.host === host) || !bridges.some(({ name }) => name === bridge),
    ),
    ...ports.filter(({ host }) => !interfaces.some((each) => each.host === host)),
  ];
}

function isIn(subnet: string, address: string): boolean {
  const { first, last } = parseSubnet(subnet);
  const number = addressNumber(address);
  return number >= first && number <= last;
}
