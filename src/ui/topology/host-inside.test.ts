import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bridgeBar, hostCards, hostSize, hostWires, type InnerRect, nestedPlaces, type Side } from './host-inside';
import type { HostBridge, NestedNode } from './topology-graph';

const bridgesOf = (count: number): readonly HostBridge[] =>
  Array.from({ length: count }, (_, at) => ({ name: `br${at}`, card: { nic: `eth${at}`, link: `host/${at}` } }));
const containerOn = (bridges: readonly number[], id = 'c'): NestedNode => ({
  ...{ id, name: id, running: true, stations: [] },
  interfaces: bridges.map((bridge, at) => ({ name: `eth${at}`, host: `veth${at}`, bridge: `br${bridge}` })),
});

/** Up to four bridges, and containers that are each on some of them. */
const insides = fc.integer({ min: 1, max: 4 }).chain((count) =>
  fc.record({
    bridges: fc.constant(bridgesOf(count)),
    nested: fc
      .array(fc.subarray(Array.from({ length: count }, (_, at) => at)), { maxLength: 14 })
      .map((all) => all.map((each, at) => containerOn(each, `c${at}`))),
  }),
);

interface Line {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

function touches({ x1, y1, x2, y2 }: Line, { x, y, width, height }: InnerRect): boolean {
  return Math.min(x1, x2) < x + width && Math.max(x1, x2) > x && Math.min(y1, y2) < y + height && Math.max(y1, y2) > y;
}

describe('the inside of a host', () => {
  it('has room for all of its containers', () => {
    fc.assert(
      fc.property(insides, (inside) => {
        const size = hostSize(inside);
        const places = nestedPlaces(inside);
        expect(places).toHaveLength(inside.nested.length);
        for (const [at, { x, y, width, height }] of places.entries()) {
          expect(x + width <= size.width && y + height <= size.height).toBe(true);
          for (const other of places.slice(at + 1))
            expect(x + width <= other.x || other.x + other.width <= x || y + height <= other.y).toBe(true);
        }
      }),
    );
  });

  it('has a veth for each interface, from an arm of its own bridge, and none through a container', () => {
    fc.assert(
      fc.property(insides, (inside) => {
        const { arms, veths } = hostWires(inside);
        const places = nestedPlaces(inside);
        const wanted = inside.nested.flatMap(({ interfaces }, at) =>
          interfaces.map(({ bridge }, line) => ({
            bridge,
            x: places[at]?.x,
            y: (places[at]?.y ?? 0) + 32 + 16 * line,
          })),
        );
        const drawn = veths.map(({ from, to }) => {
          const arm = arms.find(({ x, top, bottom }) => x === from.x && top <= from.y && from.y <= bottom);
          return { bridge: arm?.bridge, x: to.x, y: to.y };
        });
        expect(drawn).toEqual(wanted);
        // Bridges that have an arm at one place would be one.
        expect(new Set(arms.map(({ x }) => x)).size).toBe(arms.length);
        const lines = [
          ...arms.map(({ x, top, bottom }): Line => ({ x1: x, y1: top, x2: x, y2: bottom })),
          ...veths.map(({ from, to }): Line => ({ x1: from.x, y1: from.y, x2: to.x, y2: to.y })),
        ];
        expect(lines.filter((line) => places.some((place) => touches(line, place)))).toEqual([]);
      }),
    );
  });

  it('has a bar for each bridge, its card beside it, and the wire of the card ends where the host does', () => {
    const sides = fc.constantFrom<Side>('top', 'bottom', 'left', 'right');
    fc.assert(
      fc.property(insides, fc.array(sides, { minLength: 4, maxLength: 4 }), (inside, all) => {
        const { bridges } = inside;
        const size = hostSize(inside);
        const cards = hostCards(bridges, size, (link) => all[Number(link.at(-1))]);
        const bars = bridges.map((_, at) => bridgeBar(bridges, at, size.width));
        for (const [at, bar] of bars.entries()) {
          const { rect, out, side } = cards[at]!;
          expect(bar.y).toBe(rect.y);
          expect(bar.width).toBeGreaterThan(40);
          expect(bar.x + bar.width).toBeLessThan(rect.x);
          expect(bar.y + bar.height <= (bars[at + 1]?.y ?? size.height)).toBe(true);
          const edge = { top: out.y, left: out.x, bottom: out.y - size.height, right: out.x - size.width }[side];
          expect(edge).toBe(0);
        }
        expect(new Set(cards.map(({ out: { x, y } }) => `${x} ${y}`)).size).toBe(cards.length);
      }),
    );
  });

  it('leads cables away without one wire across another', () => {
    const bridges = bridgesOf(3);
    const wires = (all: readonly Side[]): readonly string[] =>
      hostCards(bridges, { width: 300, height: 200 }, (link) => all[Number(link.at(-1))]).map(({ wire }) => wire);
    expect(wires(['top', 'top', 'top'])).toEqual(['M268 90H276V0', 'M268 114H284V0', 'M268 138H292V0']);
    expect(wires(['bottom', 'bottom', 'bottom'])).toEqual(['M268 90H292V200', 'M268 114H284V200', 'M268 138H276V200']);
    expect(wires(['left', 'left', 'top'])).toEqual(['M268 90H276V76H0', 'M268 114H284V72H0', 'M268 138H292V0']);
    expect(wires(['top', 'bottom', 'right'])).toEqual(['M268 90H276V0', 'M268 114H284V200', 'M268 138H300']);
  });
});
