import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import { boundHost, type PlacementTies } from './placement';

const free: PlacementTies = {
  neighbour: undefined,
  label: undefined,
  volumes: ['data'],
  hostOfVolumes: () => undefined,
};
const neighbour = { container: 'web', host: 'host-1' };
const onHostThree = { hostOfVolumes: () => 'host-3' };

describe('what binds a container to a host', () => {
  it.each([
    [{ ...onHostThree, label: 'host-2', neighbour }, 'host-1', { kind: 'neighbour', container: 'web' }],
    [{ ...onHostThree, label: 'host-2' }, 'host-2', { kind: 'label', label: 'org.strata.host' }],
    [onHostThree, 'host-3', { kind: 'volumes', volumes: ['data'] }],
  ] as const)('is the strongest of %j', (ties, host, reason) => {
    expect(boundHost({ ...free, ...ties })).toEqual({ host, reason });
  });

  it('may be nothing', () => {
    expect(boundHost(free)).toBeUndefined();
  });

  it('does not ask for volumes that are on two hosts where something stronger decides', () => {
    const hostOfVolumes = (): never => {
      throw new SandboxError('FailedPrecondition', 'on two hosts');
    };
    expect(boundHost({ ...free, neighbour, hostOfVolumes })?.host).toBe('host-1');
    expect(() => boundHost({ ...free, hostOfVolumes })).toThrow('on two hosts');
  });
});
