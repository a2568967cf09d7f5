import { effect } from '@preact/signals-core';
import { expect, it } from 'vitest';
import type { PortStatus } from '../../api/network';
import { LinkLooks } from './link-looks';
import type { LinkTraffic } from './link-traffic';
import type { TopologyGraph, TopologyNode } from './topology-graph';
import { layoutTopology } from './topology-layout';

const node = (id: string, kind: TopologyNode['kind']): TopologyNode => ({
  id,
  kind,
  name: id.split('/').at(-1) ?? id,
  detail: '',
  state: 'running',
  nested: [],
  bridges: [],
});

const graph: TopologyGraph = {
  nodes: [node('network/default', 'network'), node('a', 'vm'), node('b', 'vm')],
  links: ['a', 'b'].map((from) => ({ id: `${from}/0`, from, network: 'default', nic: 'eth0' })),
};
const places = layoutTopology(graph, {});

/** Bytes a second that each link sends. */
function traffic(sent: Readonly<Record<string, number>>): ReadonlyMap<string, LinkTraffic> {
  const port = { up: true } as PortStatus;
  return new Map(Object.entries(sent).map(([id, each]) => [id, { rates: [{ sent: each, received: 0 }], port, at: 0 }]));
}

it('tells of a reading to the links whose figures it changes, and to no other', () => {
  const looks = new LinkLooks();
  const told: string[] = [];
  looks.show(graph, places, traffic({ 'a/0': 0, 'b/0': 0 }));
  for (const { id } of graph.links) {
    effect(() => {
      told.push(`${id} ${looks.of(id).value.rate.sent}`);
    });
  }
  told.length = 0;
  looks.show(graph, places, traffic({ 'a/0': 0, 'b/0': 0 }));
  expect(told).toEqual([]);
  looks.show(graph, places, traffic({ 'a/0': 1500, 'b/0': 0 }));
  expect(told).toEqual(['a/0 1500']);
  expect(looks.of('a/0').value.at).toBeDefined();
  expect(looks.of('b/0').value).toEqual({ up: true, rate: { sent: 0, received: 0 }, at: undefined });
});

it('writes the rates where the cable went', () => {
  const looks = new LinkLooks();
  const busy = traffic({ 'a/0': 1500, 'b/0': 0 });
  looks.show(graph, places, busy);
  const before = looks.of('a/0').value.at;
  looks.show(graph, layoutTopology(graph, { a: { x: 600, y: 500 } }), busy);
  expect(looks.of('a/0').value.at).toBeDefined();
  expect(looks.of('a/0').value.at).not.toEqual(before);
});
