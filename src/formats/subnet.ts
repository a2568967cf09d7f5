import type { NetworkSpec } from '../api/network';
import { SandboxError } from '../base/errors';
import { addressNumber, addressText } from './ip-address';

/** An IPv4 subnet; addresses are whole numbers of 32 bits. */
export interface Subnet {
  /** The address whose host bits are all 0. */
  readonly base: number;
  readonly prefixLength: number;
  /** The first address, kept for the gateway. */
  readonly gateway: number;
  /** The first and the last address that an instance can have. */
  readonly first: number;
  readonly last: number;
  /** The address whose host bits are all 1. */
  readonly broadcast: number;
}

/** Room for a gateway and at least one instance; more than 2^16 addresses are of no use in a tab. */
const prefixRange = { shortest: 8, longest: 30 } as const;

/** Blocks that hosts cannot be given (RFC 6890): this network, loopback, link-local, multicast and reserved. */
const unusable = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'] as const;

/** Reads IPv4 in CIDR notation (RFC 4632). `InvalidArgument` for what is none, and for host bits that are not 0. */
export function parseSubnet(text: string): Subnet {
  const subnet = parseCidr(text);
  const { prefixLength } = subnet;
  if (prefixLength < prefixRange.shortest || prefixLength > prefixRange.longest) {
    throw invalid(
      `The prefix of ${text} is /${prefixLength}; it must be between /${prefixRange.shortest} and /${prefixRange.longest}`,
    );
  }
  return subnet;
}

/** The same, of addresses that hosts can be given. */
export function parseHostSubnet(text: string): Subnet {
  const subnet = parseSubnet(text);
  const taboo = unusable.find((block) => subnetsOverlap(parseCidr(block), subnet));
  if (taboo === undefined) return subnet;
  throw invalid(`The addresses of ${text} cannot be given to hosts (${taboo}); choose one such as 10.1.0.0/24`);
}

/** An address that an instance on a network can have. `InvalidArgument` says which it can. */
export function parseHostAddress(text: string, subnet: Subnet, network: Pick<NetworkSpec, 'name' | 'subnet'>): number {
  const { first, last, gateway } = subnet;
  const address = addressNumber(text);
  const range = `choose one from ${addressText(first)} to ${addressText(last)}`;
  if (address === gateway) throw invalid(`${text} is kept for the gateway of the network "${network.name}"; ${range}`);
  if (address >= first && address <= last) return address;
  throw invalid(`${text} is not an address for hosts of the network "${network.name}" (${network.subnet}); ${range}`);
}

/** The lowest address for an instance that nobody has; undefined where all are taken. */
export function freeAddress({ first, last }: Subnet, taken: { has(address: number): boolean }): number | undefined {
  for (let address = first; address <= last; address += 1) if (!taken.has(address)) return address;
  return undefined;
}

export function subnetsOverlap(a: Subnet, b: Subnet): boolean {
  return a.base <= b.broadcast && b.base <= a.broadcast;
}

function parseCidr(text: string): Subnet {
  const [address = '', length = '', ...more] = text.split('/');
  if (more.length > 0 || !/^\d{1,2}$/.test(length) || Number(length) > 32) {
    throw invalid(`Not a subnet: "${text.slice(0, 80)}"; write an address and a prefix length, such as 10.1.0.0/24`);
  }
  const prefixLength = Number(length);
  const size = 2 ** (32 - prefixLength);
  const given = addressNumber(address);
  const base = given - (given % size);
  if (base !== given) throw invalid(`${text} has host bits that are not 0; write ${addressText(base)}/${prefixLength}`);
  return { base, prefixLength, gateway: base + 1, first: base + 2, last: base + size - 2, broadcast: base + size - 1 };
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
