import type { MacAddress, NetworkSpec } from '../../api/network';
import { addressText } from '../../formats/ip-address';
import { parseSubnet, type Subnet } from '../../formats/subnet';

/** Where clouds tell machines about themselves. */
export const metadataAddress = '169.254.169.254';

/** A station that the lab knows, for names and addresses that are given out. */
export interface GatewayHost {
  readonly instance: string;
  readonly name: string;
  readonly mac: MacAddress;
  readonly address: string;
}

/** A network as its gateway sees it. */
export interface GatewayNetwork {
  readonly spec: NetworkSpec;
  readonly subnet: Subnet;
  /** The gateway's own. */
  readonly address: string;
  /** Names of the network end in it; `internal` is kept for private use (ICANN, 2024). */
  readonly domain: string;
}

export function gatewayNetwork(spec: NetworkSpec): GatewayNetwork {
  const subnet = parseSubnet(spec.subnet);
  return { spec, subnet, address: addressText(subnet.gateway), domain: `${spec.name}.internal` };
}
