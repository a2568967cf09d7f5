import type { NetworkCreateBody } from '../../api/container-network';
import type { NetworkSpec } from '../../api/network';
import { SandboxError } from '../../base/errors';
import { gatewayNetwork } from '../../network/gateway/gateway-network';
import { checkNetwork } from '../../network/ipam';

/** The lab's name for a network of docker's, which may have capitals, dots and underscores. */
export function labName(name: string, taken: ReadonlySet<string>): string {
  const label =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 56)
      .replace(/-+$/, '') || 'network';
  if (!taken.has(label)) return label;
  let number = 2;
  while (taken.has(`${label}-${number}`)) number += 1;
  return `${label}-${number}`;
}

/**
 * The subnet that a network is wished to have; undefined: any that is free. `InvalidArgument` for what no network here is:
 * its gateway is its first address, and its addresses are given out from all of it.
 */
export function wishedSubnet({ IPAM, ConfigOnly, ConfigFrom }: NetworkCreateBody): string | undefined {
  if (ConfigOnly || ConfigFrom?.Network)
    throw invalid('config-only networks are not supported: say it of each network');
  if (IPAM?.Driver && IPAM.Driver !== 'default') throw invalid(`invalid ipam driver: ${IPAM.Driver}`);
  const [config, ...more] = IPAM?.Config ?? [];
  if (more.length > 0) throw invalid('a network here has one subnet');
  if (!config) return undefined;
  const { Subnet, Gateway = '', IPRange = '', AuxiliaryAddresses = {} } = config;
  if (IPRange !== '' && IPRange !== Subnet) {
    throw invalid('--ip-range is not supported: addresses are given out from all of the subnet');
  }
  if (Object.keys(AuxiliaryAddresses).length > 0) {
    throw invalid('--aux-address is not supported: give the container that is to have an address "--ip ADDRESS"');
  }
  if (Gateway === '') return Subnet;
  if (!Subnet) throw invalid(`no matching subnet for gateway ${Gateway}`);
  const { address } = gatewayNetwork({ name: 'n', subnet: Subnet, mtu: 1500 });
  if (Gateway === address) return Subnet;
  throw invalid(`the gateway of a network is its first address, ${address}: leave out --gateway ${Gateway}`);
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}

/** Docker's pools for networks without a subnet: 172.17 to 172.31, then sixteenths of 192.168. */
const pools = [
  ...Array.from({ length: 15 }, (_, at) => `172.${17 + at}.0.0/16`),
  ...Array.from({ length: 16 }, (_, at) => `192.168.${16 * at}.0/20`),
];

/** The first of them that overlaps nobody's. `ResourceExhausted` in docker's words. */
export function nextSubnet(existing: readonly NetworkSpec[]): string {
  const free = pools.find((subnet) => {
    try {
      checkNetwork(
        { name: 'n', subnet, mtu: 1500 },
        existing.filter(({ name }) => name !== 'n'),
      );
      return true;
    } catch {
      return false;
    }
  });
  if (free !== undefined) return free;
  const message = 'all predefined address pools have been fully subnetted';
  throw new SandboxError('ResourceExhausted', message);
}
