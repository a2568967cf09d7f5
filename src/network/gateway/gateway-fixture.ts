import type { DhcpLease } from '../../api/network';
import { SandboxError } from '../../base/errors';
import type { DhcpMessage, DhcpOptions } from '../../formats/wire/dhcp';
import type { LeaseStore } from './dhcp-leases';
import { type GatewayHost, gatewayNetwork } from './gateway-network';

export const network = gatewayNetwork({ name: 'lab', subnet: '10.1.0.0/24', mtu: 1400 });

/** Three reserved addresses; two of them one instance's. */
export const hosts: readonly GatewayHost[] = [
  { instance: 'a1', name: 'web', mac: '02:00:00:00:00:01', address: '10.1.0.2' },
  { instance: 'b2', name: 'db', mac: '02:00:00:00:00:02', address: '10.1.0.3' },
  { instance: 'b2', name: 'db', mac: '02:00:00:00:00:03', address: '10.1.0.4' },
];

export function dhcpQuestion(mac: string, options: DhcpOptions, change: Partial<DhcpMessage> = {}): DhcpMessage {
  return {
    op: 'request',
    hops: 0,
    transactionId: 7,
    seconds: 3,
    broadcast: false,
    clientAddress: '0.0.0.0',
    yourAddress: '0.0.0.0',
    serverAddress: '0.0.0.0',
    relayAddress: '0.0.0.0',
    clientMac: mac,
    serverName: '',
    bootFile: '',
    options,
    ...change,
  };
}

/** Leases in memory, beside reservations that the server may not know of yet. */
export class TestLeaseStore implements LeaseStore {
  readonly leases = new Map<string, DhcpLease>();
  readonly reserved = new Set<string>();
  full = false;

  async list(): Promise<readonly DhcpLease[]> {
    return [...this.leases.values()];
  }

  async put(lease: DhcpLease): Promise<void> {
    if (this.full) throw new SandboxError('ResourceExhausted', 'The disk is full');
    if (this.reserved.has(lease.address)) throw new SandboxError('AlreadyExists', 'Reserved');
    this.leases.set(lease.address, lease);
  }

  async remove({ address }: DhcpLease): Promise<void> {
    this.leases.delete(address);
  }
}
