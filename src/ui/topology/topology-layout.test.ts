import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TopologyGraph, TopologyNode } from './topology-graph';
import { cablePath, cablePoint, layoutTopology, neighbourOf, type Rect } from './topology-layout';

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

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

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

  it('leaves what somebody has placed where they put it, and grows with it', () => {
    const graph = { nodes: [network('a'), node('vm', 'vm')], links: [] };
    const { nodes, width } = layoutTopology(graph, { vm: { x: 3000, y: 9 }, gone: { x: 9000, y: 0 } });
    expect(nodes.get('vm')).toMatchObject({ x: 3000, y: 9 });
    expect(width).toBe(3000 + 160 + 40);
  });

  it('has the cable of each card of a host leave it where its wire ends', () => {
    const host: TopologyNode = {
      ...node('host', 'host', 1),
      bridges: [0, 1].map((nic) => ({ name: `br${nic}`, card: { nic: `eth${nic}`, link: `host/${nic}` } })),
    };
    const links = ['a', 'b'].map((name, nic) => ({ id: `host/${nic}`, from: 'host', network: name, nic: `eth${nic}` }));
    const { nodes, cards, outs } = layoutTopology({ nodes: [network('a'), network('b'), host], links }, {});
    const { height } = nodes.get('host')!;
    expect(cards.get('host')?.map(({ link, side }) => [link, side])).toEqual([
      ['host/0', 'top'],
      ['host/1', 'bottom'],
    ]);
    expect([...outs].map(([link, { y }]) => [link, y])).toEqual([
      ['host/0', 0],
      ['host/1', height],
    ]);
    const box = { x: 0, y: 100, width: 100, height: 50 };
    expect(cablePath(box, { ...box, y: 0 }, { x: 90, y: 0 })).toBe('M90 100C90 75 50 75 50 50');
    expect(cablePoint(box, { ...box, y: 0 }, 0, { x: 90, y: 0 })).toEqual({ x: 90, y: 100 });
  });

  it('runs cables from side to side', () => {
    const box = (x: number, y: number): Rect => ({ x, y, width: 100, height: 50 });
    expect(cablePath(box(0, 100), box(200, 0))).toBe('M50 100C50 75 250 75 250 50');
    expect(cablePath(box(0, 0), box(0, 100))).toBe('M50 50C50 75 50 75 50 100');
    expect(cablePath(box(0, 0), box(200, 0))).toBe('M100 28H200');
    expect(cablePath(box(200, 10), box(0, 0))).toBe('M200 38C200 33 100 33 100 28');
  });

  it('has the points of a cable from its one end to the other', () => {
    const box = (x: number, y: number): Rect => ({ x, y, width: 100, height: 50 });
    const bent = [0, 0.25, 0.5, 1].map((at) => cablePoint(box(0, 100), box(200, 0), at));
    expect(bent).toEqual([
      { x: 50, y: 100 },
      { x: 81, y: 85 },
      { x: 150, y: 75 },
      { x: 250, y: 50 },
    ]);
    expect([0, 0.5, 1].map((at) => cablePoint(box(0, 0), box(200, 0), at))).toEqual([
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
