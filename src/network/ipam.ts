import type { InstanceId } from '../api/instance';
import type { MacAddress, NetworkSpec, Reservation } from '../api/network';
import { SandboxError } from '../base/errors';
import { isHostLabel } from '../formats/host-label';
import { addressNumber, addressText } from '../formats/ip-address';
import { addressMac, parseMacAddress, randomMacAddress, serializeMacAddress } from '../formats/mac-address';
import {
  freeAddress,
  parseHostAddress,
  parseHostSubnet,
  parseSubnet,
  type Subnet,
  subnetsOverlap,
} from '../formats/subnet';

export interface ReserveRequest {
  readonly instance: InstanceId;
  readonly nic: number;
  /** A fixed IPv4 address; the lowest free one when absent. */
  readonly address?: string;
  /** A MAC of the user's; a random one when absent. */
  readonly mac?: MacAddress;
  /**
   * The MAC is made of the address. Addresses of what comes and goes are soon somebody else's, and neighbours remember for
   * minutes which MAC an address had; docker does so for the same reason.
   */
  readonly macOfAddress?: boolean;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Below it packets are too short for IPv4's headers (RFC 791, 3.2); above it no device of ours goes. */
const mtuRange = { lowest: 576, highest: 9000 } as const;

/**
 * Whether a network can be made beside those that exist. `InvalidArgument` when it is wrong in itself,
 * `AlreadyExists` for its name, `FailedPrecondition` when its addresses belong to another one.
 */
export function checkNetwork(spec: NetworkSpec, existing: readonly NetworkSpec[]): void {
  if (!isHostLabel(spec.name)) {
    const rule = 'use 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end';
    throw invalid(`Not a network name: "${spec.name.slice(0, 80)}"; ${rule}`);
  }
  checkMtu(spec.mtu);
  const subnet = parseHostSubnet(spec.subnet);
  for (const other of existing) {
    if (other.name === spec.name) {
      throw new SandboxError('AlreadyExists', `There is a network "${spec.name}" already; choose another name`);
    }
    if (!subnetsOverlap(parseSubnet(other.subnet), subnet)) continue;
    const message = `${spec.subnet} overlaps the network "${other.name}" (${other.subnet}); choose another subnet`;
    throw new SandboxError('FailedPrecondition', message, { details: { network: other.name } });
  }
}

/** `InvalidArgument` for an MTU that no network can have. */
export function checkMtu(mtu: number): void {
  if (Number.isInteger(mtu) && mtu >= mtuRange.lowest && mtu <= mtuRange.highest) return;
  throw invalid(`The MTU is ${mtu}; it must be a whole number from ${mtuRange.lowest} to ${mtuRange.highest}`);
}

/**
 * An address and a MAC for one NIC. Nothing is kept here: the caller keeps the result among `reservations`, which
 * are those of all networks. `InvalidArgument` for an address that the network does not have, `AlreadyExists` for
 * one that is taken, `ResourceExhausted` when there is none left.
 */
export function reserve(
  network: NetworkSpec,
  reservations: readonly Reservation[],
  { instance, nic, address, mac: wished, macOfAddress = false, randomBytes }: ReserveRequest,
): Reservation {
  if (reservations.some((each) => each.instance === instance && each.nic === nic)) {
    throw new SandboxError('AlreadyExists', `The instance has an address for eth${nic} already; release it first`);
  }
  const taken = new Set(reservations.map((each) => each.mac));
  if (wished !== undefined && taken.has(wished)) {
    throw new SandboxError('AlreadyExists', `The MAC address ${wished} is already in use; choose another`);
  }
  const owners = new Map<number, Reservation>();
  for (const each of reservations) if (each.network === network.name) owners.set(addressNumber(each.address), each);
  const subnet = parseSubnet(network.subnet);
  const chosen =
    address === undefined ? nextFree(network, subnet, owners) : checkFixed(network, subnet, owners, address);
  const own = wished ?? (macOfAddress ? addressMac(chosen) : undefined);
  const mac =
    own === undefined || (wished === undefined && taken.has(own))
      ? createMac(randomBytes, taken)
      : serializeMacAddress(parseMacAddress(own));
  return { instance, nic, network: network.name, mac, address: addressText(chosen) };
}

/**
 * A random MAC that nobody has: locally administered and unicast (IEEE 802, 8.4), so it is never a bought one.
 */
export function createMac(randomBytes: (count: number) => Uint8Array, taken: ReadonlySet<MacAddress>): MacAddress {
  // Of 2^46 addresses; a second turn is rare, and many in a row mean that the source is broken.
  for (let turn = 0; turn < 100; turn += 1) {
    const mac = serializeMacAddress(randomMacAddress(randomBytes));
    if (!taken.has(mac)) return mac;
  }
  throw new SandboxError('Internal', 'The source of randomness repeats itself: no unused MAC address in 100 turns');
}

function nextFree(network: NetworkSpec, subnet: Subnet, owners: ReadonlyMap<number, Reservation>): number {
  const free = freeAddress(subnet, owners);
  if (free !== undefined) return free;
  const count = subnet.last - subnet.first + 1;
  const message = `The network "${network.name}" has no free address: all ${count} of ${network.subnet} are taken; remove an instance or make a larger network`;
  throw new SandboxError('ResourceExhausted', message, { details: { network: network.name, addresses: count } });
}

function checkFixed(
  network: NetworkSpec,
  subnet: Subnet,
  owners: ReadonlyMap<number, Reservation>,
  text: string,
): number {
  const address = parseHostAddress(text, subnet, network);
  const owner = owners.get(address);
  if (!owner) return address;
  const message = `${text} belongs to another instance on the network "${network.name}"; choose another address`;
  throw new SandboxError('AlreadyExists', message, { details: { address: text, instance: owner.instance } });
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
