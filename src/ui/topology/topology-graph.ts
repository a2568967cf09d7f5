import type { InstanceKind, InstancePhase } from '../../api/instance';
import type { MacAddress, NetworkSpec, PortStatus } from '../../api/network';
import type { InstanceRecord } from '../../engine/instance-record';

export type NodeKind = 'network' | 'gateway' | 'host' | InstanceKind;

/** A container as it stands in its host. */
export interface NestedNode {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  /** Its interfaces as the host's kernel has them: `eth0` inside is `veth1` outside, on `br0`. */
  readonly interfaces: readonly { readonly name: string; readonly host: string; readonly bridge?: string }[];
  /** Its addresses on the switch, behind the card of its host; by network. */
  readonly stations: readonly { readonly network: string; readonly mac: MacAddress }[];
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
  return {
    nodes: [
      ...networks.map(({ name, subnet }) => plain(networkNode(name), 'network', name, subnet, 'up')),
      ...gateways.map(({ network, up }) =>
        plain(gatewayNode(network), 'gateway', network, 'DHCP, DNS, NAT', up ? 'up' : 'down'),
      ),
      ...instances.map((record) => instanceNode(record, containers.get(record.name) ?? [])),
    ],
    links: [
      ...gateways.map(({ id, network }) => ({ id, from: gatewayNode(network), network, nic: '' })),
      ...instances.flatMap(({ id, nics }) =>
        nics.map(({ nic, network }) => ({ id: `${id}/${nic}`, from: id, network, nic: `eth${nic}` })),
      ),
      ...further.map(({ id, network }) => {
        const [from = '', nic = ''] = id.split('/');
        return { id, from, network, nic: `eth${nic}` };
      }),
    ],
  };
}

function plain(id: string, kind: NodeKind, name: string, detail: string, state: TopologyNode['state']): TopologyNode {
  return { id, kind, name, detail, state, nested: [] };
}

function instanceNode(record: InstanceRecord, nested: readonly NestedNode[]): TopologyNode {
  const { id, name, spec, nics, state, demand } = record;
  const isHost = spec.kind === 'vm' && spec.containerHost;
  return {
    id,
    kind: isHost ? 'host' : spec.kind,
    name,
    detail: nics.map(({ address }) => address).join(', '),
    state: demand?.asleep && state.phase !== 'failed' ? 'asleep' : state.phase,
    nested: isHost ? nested : [],
  };
}
