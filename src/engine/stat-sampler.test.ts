import { describe, expect, it } from 'vitest';
import type { StatSample } from '../api/stats';
import { createDeferred } from '../base/deferred';
import { FakeClock, settle } from '../base/fake-clock';
import { ScriptedInstance } from './scripted-instance';
import { cpuShare, type StatReading, StatSampler } from './stat-sampler';

function setUp() {
  const clock = new FakeClock(0);
  const instance = new ScriptedInstance(
    'id-1',
    { kind: 'vm', name: 'a', memoryMiB: 64, devices: 'virtio', containerHost: false },
    clock,
  );
  const sampler = new StatSampler(clock, () => (instance.state.phase === 'running' ? [instance] : []));
  return { clock, instance, sampler };
}

describe('the stat sampler', () => {
  it('asks nothing and holds no timer while nobody listens', async () => {
    const { clock, instance } = setUp();
    instance.enter('running');
    await clock.advance(5000);
    expect(instance.statsAsked).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('asks at once and then every second, and stops with the last listener', async () => {
    const { clock, instance, sampler } = setUp();
    instance.enter('running');
    const listeners = [sampler.readings(() => {}), sampler.readings(() => {})];
    await clock.advance(3000);
    expect(instance.statsAsked).toBe(4);
    for (const listener of listeners) listener.dispose();
    await clock.advance(3000);
    expect(instance.statsAsked).toBe(4);
    expect(clock.pending).toBe(0);
  });

  it('asks only running instances', async () => {
    const { clock, instance, sampler } = setUp();
    sampler.readings(() => {});
    await clock.advance(2000);
    expect(instance.statsAsked).toBe(0);
  });

  it('tells the share of the CPU between two samples', async () => {
    const { clock, instance, sampler } = setUp();
    instance.enter('running');
    const readings: StatReading[] = [];
    sampler.readings((reading) => readings.push(reading));
    await settle();
    instance.cpuMicros = 250_000;
    await clock.advance(1000);
    expect(readings.map((reading) => reading.cpuShare)).toEqual([undefined, 0.25]);
  });

  it('does not ask a slow instance again before it has answered', async () => {
    const { clock, instance, sampler } = setUp();
    instance.enter('running');
    instance.statsGate = createDeferred<void>();
    sampler.readings(() => {});
    await clock.advance(5000);
    expect(instance.statsAsked).toBe(1);
    instance.statsGate.resolve();
    await clock.advance(1000);
    expect(instance.statsAsked).toBe(2);
  });

  it('counts samples that could not be had and goes on', async () => {
    const { clock, instance, sampler } = setUp();
    instance.enter('running');
    instance.statsGate = createDeferred<void>();
    sampler.readings(() => {});
    instance.statsGate.reject(new Error('gone'));
    await clock.advance(2000);
    expect(sampler.failures).toBe(3);
  });
});

describe('the share of a CPU', () => {
  const at = (atMs: number, cpuMicros: number): StatSample => ({
    at: atMs,
    cpuMicros,
    memory: { total: 0, used: 0 },
    network: { rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0 },
    disk: { readBytes: 0, writtenBytes: 0 },
    processes: 0,
  });

  it.each([
    ['half of a second', at(0, 0), at(1000, 500_000), 0.5],
    ['more than all, as clocks drift', at(0, 0), at(1000, 1_100_000), 1],
    ['a counter that went back, after a reset', at(0, 500), at(1000, 100), undefined],
    ['no time between', at(5, 0), at(5, 100), undefined],
    ['no sample before', undefined, at(5, 100), undefined],
  ])('of %s', (_, before, now, share) => {
    expect(cpuShare(before, now)).toBe(share);
  });
});
