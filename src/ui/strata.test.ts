import { describe, expect, it } from 'vitest';
import type { InstanceRecord } from '../engine/instance-record';
import { places } from './route';
import { liveStrata, nextPlace, strata, stratumOf } from './strata';

const vm = { spec: { kind: 'vm', containerHost: false } } as InstanceRecord;
const host = { spec: { kind: 'vm', containerHost: true } } as InstanceRecord;
const always = { spec: { kind: 'unikernel' } } as InstanceRecord;
const onDemand = { spec: { kind: 'unikernel', onDemand: { idleMs: 1000 } } } as InstanceRecord;

describe('the strata', () => {
  it('are seven, and every view but the overview is in one of them', () => {
    expect(strata.map(({ number }) => number)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(strata.flatMap((stratum) => stratum.places).toSorted()).toEqual(
      places.filter((place) => place !== 'overview').toSorted(),
    );
    expect(stratumOf('overview')).toBeUndefined();
    expect(stratumOf('networks')).toBe(2);
  });

  it.each([
    ['machines', [vm, always], [7, 4, 3, 2, 1]],
    ['machines', [vm, onDemand], [7, 6, 4, 3, 2, 1]],
    ['machines', [host], [7, 6, 5, 4, 3, 2, 1]],
    ['scheduling', [], [7, 5, 4, 3, 2, 1]],
  ] as const)('have an entry while something lives in them: %s', (shown, instances, numbers) => {
    expect(liveStrata(instances, shown).map(({ number }) => number)).toEqual(numbers);
  });

  it('lead to their views, one after the other', () => {
    const live = liveStrata([], 'overview');
    expect(nextPlace(live, 2, 'overview')).toBe('topology');
    expect(nextPlace(live, 2, 'machines')).toBe('networks');
    expect(nextPlace(live, 2, 'snapshots')).toBe('topology');
    expect(nextPlace(live, 5, 'overview')).toBeUndefined();
  });
});
