import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LayoutPoint } from '../../api/layout';
import type { TopologyGraph, TopologyNode } from './topology-graph';
import {
  type Cable,
  cableBetween,
  cablePath,
  cablePoint,
  layoutTopology,
  neighbourOf,
  type Rect,
  sizes,
} from './topology-layout';

const node = (id: string, kind: TopologyNode['kind'], nested = 0): TopologyNode => ({
  id,
  kind,
  name: id,
  detail: '',
  state: 'running',
  nested: Array.from({ length: nested }, (_, at) => ({
    id: `${id}-${at}`,
    name: `c${at}`,
    running: true,
    interfaces: [],
    stations: [],
  })),
  bridges: kind === 'host' ? [{ name: 'br0', card: { nic: 'eth0', link: `${id}/0` } }] : [],
});
const network = (name: string): TopologyNode => ({ ...node(`network/${name}`, 'network'), name });
const gateway = (name: string): TopologyNode => ({ ...node(`gateway/${name}`, 'gateway'), name });

const labs = fc
  .record({
    networks: fc.integer({ min: 1, max: 4 }),
    instances: fc.array(fc.record({ on: fc.integer({ min: 0, max: 4 }), nested: fc.integer({ min: 0, max: 9 }) }), {
      maxLength: 100,
    }),
  })
  .map(({ networks, instances }): TopologyGraph => {
    const names = Array.from({ length: networks }, (_, at) => `n${at}`);
    return {
      nodes: [
        ...names.map(network),
        ...names.map(gateway),
        ...instances.map(({ nested }, at) => node(`i${at}`, nested > 0 ? 'host' : 'vm', nested)),
      ],
      links: instances.flatMap(({ on }, at) => {
        const name = names[on];
        return name === undefined ? [] : [{ id: `i${at}/0`, from: `i${at}`, network: name, nic: 'eth0' }];
      }),
    };
  });

/** The same, with a second card for some, on another network. */
const wiredLabs = fc.record({ lab: labs, second: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 }) }).map(
  ({ lab: { nodes, links }, second }): TopologyGraph => ({
    nodes,
    links: [
      ...links,
      ...second.flatMap((on, at) => {
        const known = nodes.some(({ id }) => id === `i${at}`) && nodes.some(({ id }) => id === `network/n${on}`);
        return known ? [{ id: `i${at}/1`, from: `i${at}`, network: `n${on}`, nic: 'eth1' }] : [];
      }),
    ],
  }),
);

/** Points along a cable, close together. */
function pointsOf(cable: Cable): readonly LayoutPoint[] {
  const { from, to, tray } = cable;
  if (!tray) return Array.from({ length: 801 }, (_, at) => cablePoint(cable, at / 800));
  const turns = [from, { x: from.x, y: tray.y }, tray, { x: tray.x, y: to.y }, to];
  return turns.slice(1).flatMap((end, index) => {
    const start = turns[index]!;
    const count = Math.ceil(Math.hypot(end.x - start.x, end.y - start.y) / 2) + 1;
    return Array.from({ length: count }, (_, at) => ({
      x: start.x + ((end.x - start.x) * at) / count,
      y: start.y + ((end.y - start.y) * at) / count,
    }));
  });
}

const isIn = ({ x, y, width, height }: Rect, point: LayoutPoint): boolean =>
  point.x > x && point.x < x + width && point.y > y && point.y < y + height;

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

const pathBetween = (from: Rect, to: Rect): string => cablePath(cableBetween(from, to));

describe('the layout of a topology', () => {
  it('gives everything a place of its own inside the picture', () => {
    fc.assert(
      fc.property(labs, (graph) => {
        const { nodes, width, height } = layoutTopology(graph, {});
        expect([...nodes.keys()].toSorted()).toEqual(graph.nodes.map(({ id }) => id).toSorted());
        const rects = [...nodes.values()];
        for (const [at, rect] of rects.entries()) {
          expect(rect.x + rect.width <= width && rect.y + rect.height <= height).toBe(true);
          expect(rects.slice(at + 1).some((other) => overlap(rect, other))).toBe(false);
        }
      }),
    );
  });

  it('leads no cable behind a node that is not its own', () => {
    fc.assert(
      fc.property(wiredLabs, (graph) => {
        const { nodes, cables } = layoutTopology(graph, {});
        expect([...cables.keys()]).toEqual(graph.links.map(({ id }) => id));
        for (const { id, from, network: name } of graph.links) {
          const points = pointsOf(cables.get(id)!);
          for (const [other, rect] of nodes) {
            if (other === from || other === `network/${name}`) continue;
            const behind = points.find((point) => isIn(rect, point));
            expect(behind && `${id} behind ${other} at ${behind.x} ${behind.y}`).toBeUndefined();
          }
        }
      }),
    );
  });

  it('leads a cable past what somebody has put in its way', () => {
    const graph = {
      nodes: [network('a'), node('far', 'vm'), node('near', 'vm')],
      links: ['far', 'near'].map((from) => ({ id: `${from}/0`, from, network: 'a', nic: 'eth0' })),
    };
    const places = layoutTopology(graph, { far: { x: 60, y: 400 }, near: { x: 60, y: 200 } });
    expect(places.cables.get('near/0')?.tray).toBeUndefined();
    expect(cablePath(places.cables.get('far/0')!)).toBe('M140 400V378q0-6-6-6H42q-6 0-6 -6V82q0 -6 6 -6H48');
    expect(pointsOf(places.cables.get('far/0')!).some((point) => isIn(places.nodes.get('near')!, point))).toBe(false);
  });

  it('leaves what somebody has placed where they put it, and grows with it', () => {
    const graph = { nodes: [network('a'), node('vm', 'vm')], links: [] };
    const { nodes, width } = layoutTopology(graph, { vm: { x: 3000, y: 9 }, gone: { x: 9000, y: 0 } });
    expect(nodes.get('vm')).toMatchObject({ x: 3000, y: 9 });
    expect(width).toBe(3000 + sizes.node.width + sizes.edge);
  });

  it('has the cable of each card of a host leave it where its wire ends', () => {
    const host: TopologyNode = {
      ...node('host', 'host', 1),
      bridges: [0, 1].map((nic) => ({ name: `br${nic}`, card: { nic: `eth${nic}`, link: `host/${nic}` } })),
    };
    const links = ['a', 'b'].map((name, nic) => ({ id: `host/${nic}`, from: 'host', network: name, nic: `eth${nic}` }));
    const { nodes, cards, cables } = layoutTopology({ nodes: [network('a'), network('b'), host], links }, {});
    const { y: top, height } = nodes.get('host')!;
    expect(cards.get('host')?.map(({ link, side }) => [link, side])).toEqual([
      ['host/0', 'top'],
      ['host/1', 'bottom'],
    ]);
    expect([...cables].map(([link, { from }]) => [link, from.y - top])).toEqual([
      ['host/0', 0],
      ['host/1', height],
    ]);
    const box = { x: 0, y: 100, width: 100, height: 50 };
    const cable = cableBetween(box, { ...box, y: 0 }, { x: 90, y: 0 });
    expect(cablePath(cable)).toBe('M90 100C90 75 50 75 50 50');
    expect(cablePoint(cable, 0)).toEqual({ x: 90, y: 100 });
  });

  it('runs cables from side to side', () => {
    const box = (x: number, y: number): Rect => ({ x, y, width: 100, height: 50 });
    expect(pathBetween(box(0, 100), box(200, 0))).toBe('M50 100C50 75 250 75 250 50');
    expect(pathBetween(box(0, 0), box(0, 100))).toBe('M50 50C50 75 50 75 50 100');
    expect(pathBetween(box(0, 0), box(200, 0))).toBe('M100 28H200');
    expect(pathBetween(box(200, 10), box(0, 0))).toBe('M200 38C200 33 100 33 100 28');
  });

  it('has the points of a cable from its one end to the other', () => {
    const box = (x: number, y: number): Rect => ({ x, y, width: 100, height: 50 });
    const bent = [0, 0.25, 0.5, 1].map((at) => cablePoint(cableBetween(box(0, 100), box(200, 0)), at));
    expect(bent).toEqual([
      { x: 50, y: 100 },
      { x: 81, y: 85 },
      { x: 150, y: 75 },
      { x: 250, y: 50 },
    ]);
    expect([0, 0.5, 1].map((at) => cablePoint(cableBetween(box(0, 0), box(200, 0)), at))).toEqual([
      { x: 100, y: 28 },
      { x: 150, y: 28 },
      { x: 200, y: 28 },
    ]);
  });

  it('finds the neighbour of a node by the arrows', () => {
    const places = new Map(
      Object.entries({ a: [0, 0], b: [200, 0], c: [0, 200], d: [200, 210] }).map(
        ([id, [x = 0, y = 0]]) => [id, { x, y, width: 100, height: 50 }] as const,
      ),
    );
    expect(neighbourOf(places, 'a', 'right')).toBe('b');
    expect(neighbourOf(places, 'a', 'down')).toBe('c');
    expect(neighbourOf(places, 'd', 'up')).toBe('b');
    expect(neighbourOf(places, 'b', 'left')).toBe('a');
    expect(neighbourOf(places, 'a', 'left')).toBeUndefined();
    expect(neighbourOf(places, 'gone', 'left')).toBeUndefined();
  });
});
