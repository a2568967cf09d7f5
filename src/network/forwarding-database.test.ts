import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ageingMs, ForwardingDatabase, maxStations } from './forwarding-database';

describe('the forwarding database', () => {
  it('finds a station where it was last heard', () => {
    const fdb = new ForwardingDatabase<string>();
    fdb.learn(1, 'a', 0);
    expect(fdb.find(1, 0)).toBe('a');
    fdb.learn(1, 'b', 0);
    expect(fdb.find(1, 0)).toBe('b');
    expect(fdb.list(0)).toEqual([{ mac: 1, port: 'b', ageMs: 0 }]);
  });

  it('forgets a station that is silent for longer than the ageing time, and not before', () => {
    const fdb = new ForwardingDatabase<string>();
    fdb.learn(1, 'a', 0);
    fdb.learn(2, 'a', 10);
    expect(fdb.find(1, ageingMs)).toBe('a');
    expect(fdb.find(1, ageingMs + 1)).toBeUndefined();
    expect(fdb.list(ageingMs + 1)).toEqual([{ mac: 2, port: 'a', ageMs: ageingMs - 9 }]);
    expect(fdb.list(ageingMs + 11)).toEqual([]);
    expect(fdb.size).toBe(0);
  });

  it('forgets all stations of a port at once, and no others', () => {
    const fdb = new ForwardingDatabase<string>();
    for (const [mac, port] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'a'],
    ] as const)
      fdb.learn(mac, port, 0);
    fdb.find(1, 0);
    fdb.forgetPort('a');
    expect([1, 2, 3].map((mac) => fdb.find(mac, 0))).toEqual([undefined, 'b', undefined]);
  });

  it('is bounded, and a port that makes addresses up pushes out its own', () => {
    const fdb = new ForwardingDatabase<string>();
    for (let mac = 0; mac < 10; mac += 1) fdb.learn(mac, 'quiet', mac);
    for (let mac = 1000; mac < 101_000; mac += 1) fdb.learn(mac, 'liar', 20);
    expect(fdb.size).toBe(maxStations);
    for (let mac = 0; mac < 10; mac += 1) expect(fdb.find(mac, 20)).toBe('quiet');
    expect(fdb.find(100_999, 20)).toBe('liar');
    expect(fdb.find(1000, 20)).toBeUndefined();
  });

  it('gives up the station that was silent for longest, heard again or not', () => {
    const fdb = new ForwardingDatabase<string>();
    for (let mac = 0; mac < maxStations; mac += 1) fdb.learn(mac, 'a', 0);
    fdb.learn(0, 'a', 1);
    fdb.learn(maxStations, 'a', 2);
    expect(fdb.find(0, 2)).toBe('a');
    expect(fdb.find(1, 2)).toBeUndefined();
    expect(fdb.find(2, 2)).toBe('a');
  });

  it('agrees with a plain list of what was heard, whatever happens', () => {
    const step = fc.record({
      kind: fc.constantFrom('learn', 'find', 'forget', 'list'),
      mac: fc.nat(6),
      port: fc.constantFrom('a', 'b', 'c'),
      wait: fc.constantFrom(0, 1, ageingMs / 2, ageingMs + 1),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const fdb = new ForwardingDatabase<string>();
        let heard: { mac: number; port: string; at: number }[] = [];
        let now = 0;
        for (const { kind, mac, port, wait } of steps) {
          now += wait;
          heard = heard.filter(({ at }) => now - at <= ageingMs);
          if (kind === 'learn') {
            fdb.learn(mac, port, now);
            heard = [...heard.filter((each) => each.mac !== mac), { mac, port, at: now }];
          } else if (kind === 'forget') {
            fdb.forgetPort(port);
            heard = heard.filter((each) => each.port !== port);
          } else if (kind === 'find') expect(fdb.find(mac, now)).toBe(heard.find((each) => each.mac === mac)?.port);
          else {
            const expected = heard.map((each) => ({ mac: each.mac, port: each.port, ageMs: now - each.at }));
            expect(fdb.list(now).sort((a, b) => a.mac - b.mac)).toEqual(expected.sort((a, b) => a.mac - b.mac));
          }
        }
      }),
    );
  });
});
