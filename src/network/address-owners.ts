import type { OwnAddresses, SwitchPort } from './switch-port';

/** Ports by an address that is theirs, as a number; two during a move. */
export type AddressOwners = Map<number, Set<SwitchPort>>;

/** Whose the addresses of a network are. */
export interface NetworkOwners {
  readonly macs: AddressOwners;
  readonly addresses: AddressOwners;
}

export function setOwners({ macs, addresses }: NetworkOwners, own: OwnAddresses, port: SwitchPort): void {
  for (const mac of own.macs) setOwner(macs, mac, port);
  for (const address of own.addresses) setOwner(addresses, address, port);
}

export function removeOwners({ macs, addresses }: NetworkOwners, own: OwnAddresses, port: SwitchPort): void {
  for (const mac of own.macs) removeOwner(macs, mac, port);
  for (const address of own.addresses) removeOwner(addresses, address, port);
}

function setOwner(owners: AddressOwners, address: number, port: SwitchPort): void {
  const ports = owners.get(address) ?? new Set();
  owners.set(address, ports.add(port));
}

function removeOwner(owners: AddressOwners, address: number, port: SwitchPort): void {
  const ports = owners.get(address);
  if (!ports) return;
  ports.delete(port);
  if (ports.size === 0) owners.delete(address);
}
