import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allCapabilities, chooseCapabilities } from './capabilities';

const none = { add: [], drop: [], privileged: false };

describe('capabilities of a container', () => {
  it('are the fourteen of docker when nothing is said', () => {
    expect(chooseCapabilities(none)).toHaveLength(14);
    expect(chooseCapabilities(none)).not.toContain('CAP_SYS_ADMIN');
  });

  it('are all with --privileged, whatever is dropped', () => {
    expect(chooseCapabilities({ ...none, drop: ['ALL'], privileged: true })).toEqual(allCapabilities);
  });

  it.each([
    [['net_admin'], [], 15],
    [[], ['CAP_CHOWN', 'kill'], 12],
    [[], ['all'], 0],
    [['CHOWN'], ['ALL'], 1],
    [['ALL'], [], 41],
    [['ALL'], ['SYS_ADMIN'], 40],
    [['ALL'], ['ALL'], 41],
    [['CHOWN'], ['CHOWN'], 13],
  ])('with %j added and %j dropped are %i', (add, drop, count) => {
    expect(chooseCapabilities({ add, drop, privileged: false })).toHaveLength(count);
  });

  it('have no other names', () => {
    expect(() => chooseCapabilities({ ...none, add: ['FLY'] })).toThrow(
      'invalid CapAdd: unknown capability: "CAP_FLY"',
    );
  });

  it('that are dropped by name alone are never there, and those that are added and not dropped always', () => {
    const names = fc.uniqueArray(fc.constantFrom(...allCapabilities));
    fc.assert(
      fc.property(names, names, (add, drop) => {
        const left = new Set(chooseCapabilities({ add, drop, privileged: false }));
        for (const name of drop) expect(left.has(name)).toBe(false);
        for (const name of add) if (!drop.includes(name)) expect(left.has(name)).toBe(true);
      }),
    );
  });
});
