import { defaultNetwork } from '../../api/default-network';
import { toSandboxError } from '../../base/errors';
import { addressNumber } from '../ip-address';
import { freeAddress, parseHostAddress, parseHostSubnet, parseSubnet, type Subnet, subnetsOverlap } from '../subnet';
import type { Disagreement, Place } from './disagreement';
import type { Scenario } from './scenario';

/** A network of the scenario, and who has which of its addresses. */
interface KnownNetwork {
  readonly name: string;
  readonly subnet: string;
  readonly parsed: Subnet;
  readonly owners: Map<number, string>;
}

/** Subnets and addresses that nobody could have, found as the networks and instances would be made: one after the other. */
export function wrongAddress({ networks, instances }: Scenario): Disagreement | undefined {
  const known = new Map<string, KnownNetwork>();
  const add = (name: string, subnet: string): void => {
    known.set(name, { name, subnet, parsed: parseSubnet(subnet), owners: new Map() });
  };
  add(defaultNetwork.name, defaultNetwork.subnet);
  for (const [index, { name, subnet }] of networks.entries()) {
    if (name === defaultNetwork.name) {
      const message = `"${name}" is always there, with ${defaultNetwork.subnet}; a network of another name has what it should have`;
      return { at: ['networks', index, 'name'], message };
    }
    const at = ['networks', index, 'subnet'];
    const problem = refusalOf(() => parseHostSubnet(subnet));
    if (problem !== undefined) return { at, message: problem };
    const other = [...known.values()].find(({ parsed }) => subnetsOverlap(parsed, parseSubnet(subnet)));
    if (other) return { at, message: `${subnet} overlaps the network "${other.name}" (${other.subnet})` };
    add(name, subnet);
  }
  const nics = instances.flatMap(({ name: owner, nics: all = [{ network: defaultNetwork.name }] }, index) =>
    all.map((nic, at) => ({ owner, ...nic, at: ['instances', index, 'nics', at, 'address'] })),
  );
  for (const { owner, network: on, address, at } of nics) {
    const network = known.get(on);
    if (!network) continue;
    const problem = take(network, owner, address);
    if (problem !== undefined) return { at: address === undefined ? at.slice(0, -1) : at, message: problem };
  }
  return undefined;
}

/** Folders that a machine would find by one tag. */
export function sharedTwice({ instances }: Scenario): Disagreement | undefined {
  for (const [index, instance] of instances.entries()) {
    if (instance.kind !== 'vm') continue;
    const tags = new Set<string>();
    for (const [at, { folder, tag = folder }] of (instance.shares ?? []).entries()) {
      const place: Place = ['instances', index, 'shares', at];
      if (tags.has(tag)) return { at: place, message: `Two shares of ${instance.name} have the tag "${tag}"` };
      tags.add(tag);
    }
  }
  return undefined;
}

/** Gives an address to whom it is due; or says why it cannot. */
function take(network: KnownNetwork, owner: string, wished: string | undefined): string | undefined {
  const { name, subnet, parsed, owners } = network;
  const problem = wished !== undefined && refusalOf(() => parseHostAddress(wished, parsed, network));
  if (problem) return problem;
  const address = wished === undefined ? freeAddress(parsed, owners) : addressNumber(wished);
  if (address === undefined) return `The network "${name}" (${subnet}) has no address left for ${owner}`;
  const other = owners.get(address);
  if (other !== undefined) return `${wished} is what ${other} has on the network "${name}" by then`;
  owners.set(address, owner);
  return undefined;
}

function refusalOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return toSandboxError(error).message;
  }
}
