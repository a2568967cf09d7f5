import { describe, expect, it } from 'vitest';
import type { PortStatus } from '../../api/network';
import type { InstanceRecord } from '../../engine/instance-record';
import { portName } from '../../runtime/container/port-guard';
import { type NestedNode, topologyGraph } from './topology-graph';

const record = (id: string, spec: object, nics: readonly string[], more: object = {}) =>
  ({
    id,
    name: id,
    spec,
    nics: nics.map((network, nic) => ({ nic, network, address: `10.0.0.${nic + 2}` })),
    state: { phase: 'running', since: 0 },
    ...more,
  }) as unknown as InstanceRecord;
const port = (id: string, network: string, label = id) => ({ id, network, label, up: true }) as PortStatus;
const networks = [
  { name: 'default', subnet: '10.0.0.0/16', mtu: 1500 },
  { name: 'lan', subnet: '10.9.0.0/24', mtu: 1500 },
];
const container = { id: 'c', name: 'web', running: true, interfaces: [], stations: [] };
const nested = [container];
/** What its kernel says of a container that was started on both networks, and what the engine says. */
const station = (network: string, address: string) => ({ network, mac: `02:00:${address}`, address });
const veth = (name: string, bridge: string, { mac, address }: { readonly mac: string; readonly address: string }) => ({
  name,
  bridge,
  host: portName({ bridge, mac, address }),
});

describe('the graph of a lab', () => {
  it('has networks, gateways, and instances of all kinds, with cables between them', () => {
    const { nodes, links } = topologyGraph({
      networks,
      instances: [
        record('vm', { kind: 'vm' }, ['default', 'lan']),
        record('host', { kind: 'vm', containerHost: true }, ['default']),
        record('uk', { kind: 'unikernel' }, [], { demand: { asleep: true, wakes: 1 } }),
      ],
      ports: [port('gw', 'default', 'gateway'), port('vm/0', 'default'), port('host/1', 'lan')],
      containers: new Map([['host', nested]]),
    });
    expect(nodes.map(({ id, kind, state }) => [id, kind, state])).toEqual([
      ['network/default', 'network', 'up'],
      ['network/lan', 'network', 'up'],
      ['gateway/default', 'gateway', 'up'],
      ['vm', 'vm', 'running'],
      ['host', 'host', 'running'],
      ['uk', 'unikernel', 'asleep'],
    ]);
    expect(nodes.find(({ id }) => id === 'host')?.nested).toEqual(nested);
    expect(links.map(({ id, from, network, nic }) => [id, from, network, nic])).toEqual([
      ['gw', 'gateway/default', 'default', ''],
      ['vm/0', 'vm', 'default', 'eth0'],
      ['vm/1', 'vm', 'lan', 'eth1'],
      ['host/0', 'host', 'default', 'eth0'],
      // A card that the host got while it ran.
      ['host/1', 'host', 'lan', 'eth1'],
    ]);
    expect(nodes.find(({ id }) => id === 'host')?.bridges).toEqual([
      { name: 'br0', card: { nic: 'eth0', link: 'host/0' } },
      { name: 'br1', card: { nic: 'eth1', link: 'host/1' } },
    ]);
    expect(nodes.find(({ id }) => id === 'vm')?.bridges).toEqual([]);
  });

  it('has the interfaces of a container as they are, whatever networks it was given or has left since it began', () => {
    const [first, second] = [station('bridge', '10.0.0.9'), station('backend', '10.9.0.9')];
    const interfacesOf = (more: Partial<NestedNode>, ports = [port('host/1', 'lan')]) =>
      topologyGraph({
        networks,
        instances: [record('host', { kind: 'vm', containerHost: true }, ['default'])],
        ports,
        containers: new Map([['host', [{ ...container, ...more }]]]),
      }).nodes.find(({ id }) => id === 'host')?.nested[0]?.interfaces;
    const [eth0, eth1] = [veth('eth0', 'br0', first), veth('eth1', 'br1', second)];
    expect(interfacesOf({ interfaces: [eth0, eth1], stations: [first, second] })).toEqual([eth0, eth1]);
    expect(interfacesOf({ interfaces: [eth0], stations: [first, second] })).toEqual([eth0, { ...eth1, name: '' }]);
    expect(interfacesOf({ interfaces: [eth0, eth1], stations: [second] })).toEqual([eth1]);
    expect(interfacesOf({ interfaces: [], stations: [first] })).toEqual([]);
    // The host's second card is not heard of yet.
    expect(interfacesOf({ interfaces: [eth0, eth1], stations: [first, second] }, [])).toEqual([eth0, eth1]);
  });

  it('has a bridge that only the kernel knows, without a card', () => {
    const own = { name: 'eth0', host: 'veth1', bridge: 'docker0' };
    const [host] = topologyGraph({
      networks: [],
      instances: [record('host', { kind: 'vm', containerHost: true }, ['default'])],
      ports: [],
      containers: new Map([['host', [{ ...container, interfaces: [own] }]]]),
    }).nodes;
    expect(host?.bridges.map(({ name, card }) => [name, card?.nic])).toEqual([
      ['br0', 'eth0'],
      ['docker0', undefined],
    ]);
  });
});
