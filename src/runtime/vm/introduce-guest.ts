import type { NicGateway } from '../../api/network';
import type { AgentIdentity } from '../../formats/agent';
import type { NetworkConfig } from '../../formats/agent-network';
import type { AgentSession } from './agent-session';
import type { Identity, NicConnection } from './vm-protocol';

export interface Introduction extends Pick<AgentIdentity, 'micros' | 'entropy'> {
  readonly identity: Identity;
  /** NICs that lead to a network. */
  readonly nics: readonly NicConnection[];
  /** Whether the machine has a NIC, wherever it leads. */
  readonly hasNic: boolean;
}

/** Tells a guest that begins anew who it is, and where its NICs lead. */
export async function introduceGuest(agent: AgentSession, introduction: Introduction): Promise<void> {
  const { identity, nics, hasNic, micros, entropy } = introduction;
  const [first, ...others] = nics;
  await agent.identity({
    micros,
    entropy,
    network: {
      ...networkOf(first, hasNic),
      ...(first?.gateway && wayOut(first.gateway)),
      ...(!first && hasNic && { mac: new Uint8Array(identity.mac) }),
      hostname: identity.hostname,
      ...(identity.hosts !== undefined && { hosts: identity.hosts }),
    },
  });
  for (const [index, nic] of others.entries()) {
    await agent.network({ ...networkOf(nic, true), interface: `eth${index + 1}` });
  }
}

function networkOf(nic: NicConnection | undefined, up: boolean): NetworkConfig {
  if (!nic) return { up, addresses: [], routes: [] };
  const { mac, address, prefixLength: prefix, mtu } = nic;
  return { up, mac: new Uint8Array(mac), mtu, addresses: [{ address, prefix }], routes: [] };
}

/** By the gateway of the first NIC's network; those of others are the guest's own to use. */
function wayOut({ address, domain }: NicGateway): Pick<NetworkConfig, 'routes' | 'resolvConf'> {
  const everywhere = { address: '0.0.0.0', prefix: 0 };
  return {
    routes: [{ destination: everywhere, gateway: address }],
    resolvConf: `search ${domain}\nnameserver ${address}\n`,
  };
}
