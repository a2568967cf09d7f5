import { describe, expect, it } from 'vitest';
import type { PortStatus } from '../../api/network';
import type { InstanceRecord } from '../../engine/instance-record';
import { topologyGraph } from './topology-graph';

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
const nested = [{ id: 'c', name: 'web', running: true, interfaces: [], stations: [] }];

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
  });
});
