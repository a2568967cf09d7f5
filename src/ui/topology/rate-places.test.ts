import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeRates, type RatedCable, rateSize } from './rate-places';
import { layoutTopology, type Rect, sizes } from './topology-layout';

const box = fc.record({ x: fc.integer({ min: 0, max: 1500 }), y: fc.integer({ min: 0, max: 900 }) });
const boxes = fc.array(
  box.map((point): Rect => ({ ...sizes.node, ...point })),
  { minLength: 2, maxLength: 30 },
);

/** A lab of one network: its cables and its boxes. */
function lab(machines: number): { readonly cables: readonly RatedCable[]; readonly boxes: readonly Rect[] } {
  const plain = { detail: '', state: 'running', nested: [], bridges: [] } as const;
  const ids = Array.from({ length: machines }, (_, at) => `vm-${at}`);
  const { nodes } = layoutTopology(
    {
      nodes: [
        { ...plain, id: 'network/default', name: 'default', kind: 'network' },
        { ...plain, id: 'gateway/default', name: 'default', kind: 'gateway' },
        ...ids.map((id) => ({ ...plain, id, name: id, kind: 'vm' as const })),
      ],
      links: ids.map((id) => ({ id, from: id, network: 'default', nic: 'eth0' })),
    },
    {},
  );
  const to = nodes.get('network/default')!;
  const cables = ['gateway/default', ...ids].map((id) => ({ id, from: nodes.get(id)!, to }));
  return { cables, boxes: [...nodes.values()] };
}

describe('where rates are written', () => {
  it('is never on one another or on a box', () => {
    fc.assert(
      fc.property(boxes, (all) => {
        const [to = all[0]!, ...others] = all;
        const cables = others.map((from, at) => ({ id: String(at), from, to }));
        const places = [...placeRates(cables, all).values()];
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

  it.each([1, 2, 5])('is on every cable of a lab with %d machines, and on its gateway’s', (machines) => {
    const { cables, boxes } = lab(machines);
    expect([...placeRates(cables, boxes).keys()]).toEqual(cables.map(({ id }) => id));
  });

  it('is nowhere where there is no room', () => {
    const from = { ...sizes.node, x: 0, y: 76 };
    const to = { ...sizes.node, x: 0, y: 0 };
    expect(placeRates([{ id: 'a', from, to }], [from, to]).size).toBe(0);
  });
});
