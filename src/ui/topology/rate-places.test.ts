import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LayoutPoint } from '../../api/layout';
import { placeRates, rateSize } from './rate-places';
import {
  type Cable,
  cableBetween,
  cablePoint,
  layoutTopology,
  type Rect,
  sizes,
  type TopologyPlaces,
} from './topology-layout';

const box = fc.record({ x: fc.integer({ min: 0, max: 1500 }), y: fc.integer({ min: 0, max: 900 }) });
const boxes = fc.array(
  box.map((point): Rect => ({ ...sizes.node, ...point })),
  { minLength: 2, maxLength: 30 },
);

/** A picture with room for all of these boxes. */
const wide = 2000;

/** A lab of one network: its cables and its boxes. */
function lab(machines: number): TopologyPlaces {
  const plain = { detail: '', state: 'running', nested: [], bridges: [] } as const;
  const ids = Array.from({ length: machines }, (_, at) => `vm-${at}`);
  return layoutTopology(
    {
      nodes: [
        { ...plain, id: 'network/default', name: 'default', kind: 'network' },
        { ...plain, id: 'gateway/default', name: 'default', kind: 'gateway' },
        ...ids.map((id) => ({ ...plain, id, name: id, kind: 'vm' as const })),
      ],
      links: ['gateway/default', ...ids].map((id) => ({ id, from: id, network: 'default', nic: 'eth0' })),
    },
    {},
  );
}

/** Whether a cable passes rates that are written there, by points along it. */
function isBelow({ x, y }: LayoutPoint, cable: Cable): boolean {
  const { from, to, tray } = cable;
  const isIn = (point: LayoutPoint): boolean =>
    Math.abs(point.x - x) < rateSize.width / 2 && Math.abs(point.y - y) < rateSize.height / 2;
  if (!tray) return Array.from({ length: 801 }, (_, at) => cablePoint(cable, at / 800)).some(isIn);
  const turns = [from, { x: from.x, y: tray.y }, tray, { x: tray.x, y: to.y }, to];
  return turns.slice(1).some((end, index) => {
    const start = turns[index]!;
    return Array.from({ length: 801 }, (_, at) => ({
      x: start.x + ((end.x - start.x) * at) / 800,
      y: start.y + ((end.y - start.y) * at) / 800,
    })).some(isIn);
  });
}

describe('where rates are written', () => {
  it('is never on one another or on a box', () => {
    fc.assert(
      fc.property(boxes, (all) => {
        const [to = all[0]!, ...others] = all;
        const cables = new Map(others.map((from, at) => [String(at), cableBetween(from, to)]));
        const places = [...placeRates(cables, all, wide).values()];
        for (const [at, { x, y }] of places.entries()) {
          for (const other of places.slice(at + 1))
            expect(Math.abs(x - other.x) >= rateSize.width || Math.abs(y - other.y) >= rateSize.height).toBe(true);
          for (const rect of all) {
            const aside = x + rateSize.width / 2 <= rect.x || x - rateSize.width / 2 >= rect.x + rect.width;
            const apart = y + rateSize.height / 2 <= rect.y || y - rateSize.height / 2 >= rect.y + rect.height;
            expect(aside || apart).toBe(true);
          }
        }
      }),
    );
  });

  it.each([1, 2, 5, 6, 30, 100])(
    'is on every cable of a lab with %d machines, and on its gateway’s, and on no other cable than its own',
    (machines) => {
      const { cables, nodes, width } = lab(machines);
      const rates = placeRates(cables, nodes.values(), width);
      expect([...rates.keys()]).toEqual([...cables.keys()]);
      for (const [id, point] of rates)
        expect([...cables].filter(([, cable]) => isBelow(point, cable)).map(([on]) => on)).toEqual([id]);
      const reach = rateSize.width / 2;
      for (const { x } of rates.values()) expect(x >= reach && x <= width - reach).toBe(true);
    },
  );

  it('is on no other cable than its own wherever nodes are', () => {
    fc.assert(
      fc.property(boxes, (all) => {
        const [to = all[0]!, ...others] = all;
        const cables = new Map(others.map((from, at) => [String(at), cableBetween(from, to)]));
        for (const [id, point] of placeRates(cables, all, wide))
          expect([...cables].filter(([, cable]) => isBelow(point, cable)).map(([on]) => on)).toEqual([id]);
      }),
    );
  });

  it('is on each cable of two cards on one network', () => {
    const plain = { detail: '', state: 'running', nested: [], bridges: [] } as const;
    const { cables, nodes, width } = layoutTopology(
      {
        nodes: [
          { ...plain, id: 'network/default', name: 'default', kind: 'network' },
          { ...plain, id: 'gateway/default', name: 'default', kind: 'gateway' },
          { ...plain, id: 'vm', name: 'vm', kind: 'vm' },
        ],
        links: [0, 1].map((nic) => ({ id: `vm/${nic}`, from: 'vm', network: 'default', nic: `eth${nic}` })),
      },
      {},
    );
    expect(placeRates(cables, nodes.values(), width).size).toBe(2);
  });

  it('is nowhere where there is no room', () => {
    const from = { ...sizes.node, x: 0, y: 76 };
    const to = { ...sizes.node, x: 0, y: 0 };
    expect(placeRates(new Map([['a', cableBetween(from, to)]]), [from, to], wide).size).toBe(0);
  });
});
