import type { InstanceKind, InstancePhase } from '../../api/instance';
import type { MacAddress, NetworkSpec, PortStatus } from '../../api/network';
import type { InstanceRecord } from '../../engine/instance-record';
import { topologyText } from '../text/topology';
import { interfacesNow } from './interfaces-now';

export type NodeKind = 'network' | 'gateway' | 'host' | InstanceKind;

/** A container as it stands in its host. */
export interface NestedNode {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  /** Its interfaces as the host's kernel has them: `eth0` inside is `veth1` outside, on `br0`; its name inside, where that is known. */
  readonly interfaces: readonly { readonly name: string; readonly host: string; readonly bridge?: string }[];
  /** Its addresses on the switch, behind the card of its host; by network. */
  readonly stations: readonly { readonly network: string; readonly mac: MacAddress; readonly address: string }[];
}

/**
 * A bridge in a host. Which of them a container is on, the host's kernel says; that each of its cards is the port of a
 * bridge of its own, `eth1` of `br1`, is how hosts are set up (`strata-oci host`, `runtime/container/host-networks.ts`).
 *
 * There is no tap to be drawn, in a host or below a machine: a card is the emulator's, and its frames go to the switch over a
 * port of the page (`rpc/slab-port.ts`), by no device of a kernel.
 */
export interface HostBridge {
  readonly name: string;
  readonly card?: { readonly nic: string; readonly link: string };
}

export interface TopologyNode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly name: string;
  /** Addresses, or a network's subnet. */
  readonly detail: string;
  readonly state: InstancePhase | 'asleep' | 'up' | 'down';
  /** In a host. */
  readonly nested: readonly NestedNode[];
  /** In a host, in the order of its cards. */
  readonly bridges: readonly HostBridge[];
}

/** A cable from a node to a network. */
export interface TopologyLink {
  /** Of the switch's port. */
  readonly id: string;
  readonly from: string;
  readonly network: string;
  /** Of the node: `eth0`. */
  readonly nic: string;
}

export interface TopologyGraph {
  readonly nodes: readonly TopologyNode[];
  readonly links: readonly TopologyLink[];
}

export interface TopologyFacts {
  readonly networks: readonly NetworkSpec[];
  readonly instances: readonly InstanceRecord[];
  readonly ports: readonly PortStatus[];
  /** Containers by the name of their host. */
  readonly containers: ReadonlyMap<string, readonly NestedNode[]>;
}

export function networkNode(name: string): string {
  return `network/${name}`;
}

export function gatewayNode(network: string): string {
  return `gateway/${network}`;
}

/** What there is and how it is connected, with nothing of it said of places or traffic. */
export function topologyGraph({ networks, instances, ports, containers }: TopologyFacts): TopologyGraph {
  const gateways = ports.filter(({ label }) => label === 'gateway');
  const known = new Set(instances.flatMap(({ id, nics }) => nics.map(({ nic }) => `${id}/${nic}`)));
  // Cards that a host got while it ran are on the switch and not in its spec.
  const further = ports.filter(({ id }) => !known.has(id) && instances.some((each) => id.startsWith(`${each.id}/`)));
  const cables = [
    ...instances.flatMap(({ id, nics }) =>
      nics.map(({ nic, network }) => ({ id: `${id}/${nic}`, from: id, network, nic: `eth${nic}` })),
    ),
    ...further.map(({ id, network }) => {
      const [from = '', nic = ''] = id.split('/');
      return { id, from, network, nic: `eth${nic}` };
    }),
  ];
  return {
    nodes: [
      ...networks.map(({ name, subnet }) => plain(networkNode(name), 'network', name, subnet, 'up')),
      ...gateways.map(({ network, up }) =>
        plain(gatewayNode(network), 'gateway', network, topologyText.services, up ? 'up' : 'down'),
      ),
      ...instances.map((record) => {
        const own = cables.filter(({ from }) => from === record.id);
        const bridged = own.map(({ nic, network }) => ({ name: bridgeOf(nic), network }));
        const nested = (containers.get(record.name) ?? []).map((each) => ({
          ...each,
          interfaces: interfacesNow(each, bridged, networks),
        }));
        return instanceNode(record, own, nested);
      }),
    ],
    links: [...gateways.map(({ id, network }) => ({ id, from: gatewayNode(network), network, nic: '' })), ...cables],
  };
}

function plain(id: string, kind: NodeKind, name: string, detail: string, state: TopologyNode['state']): TopologyNode {
  return { id, kind, name, detail, state, nested: [], bridges: [] };
}

function instanceNode(
  record: InstanceRecord,
  cables: readonly TopologyLink[],
  nested: readonly NestedNode[],
): TopologyNode {
  const { id, name, spec, nics, state, demand } = record;
  const isHost = spec.kind === 'vm' && spec.containerHost;
  return {
    id,
    kind: isHost ? 'host' : spec.kind,
    name,
    detail: nics.map(({ address }) => address).join(', '),
    state: demand?.asleep && state.phase !== 'failed' ? 'asleep' : state.phase,
    nested: isHost ? nested : [],
    bridges: isHost ? bridgesOf(cables, nested) : [],
  };
}

function bridgeOf(nic: string): string {
  return nic.replace('eth', 'br');
}

/** One for each card, and those that the kernel names beside. */
function bridgesOf(cables: readonly TopologyLink[], nested: readonly NestedNode[]): readonly HostBridge[] {
  const bridges = cables
    .map(({ id: link, nic }) => ({ name: bridgeOf(nic), card: { nic, link } }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  const named = nested.flatMap(({ interfaces }) => interfaces.flatMap(({ bridge }) => bridge ?? []));
  const others = [...new Set(named)].filter((name) => !bridges.some((each) => each.name === name));
  return [...bridges, ...others.map((name) => ({ name }))];
}
