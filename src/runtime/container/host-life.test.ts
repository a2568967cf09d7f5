import { describe, expect, it } from 'vitest';
import type { Instance } from '../../api/instance';
import { HostLife } from './host-life';

function setUp() {
  const state = { phase: 'running', since: 0 } as { phase: Instance['state']['phase']; since: number };
  const calls: string[] = [];
  const instance = { spec: { kind: 'vm', name: 'host-1' }, state } as Pick<Instance, 'spec' | 'state'>;
  const life = new HostLife(instance, { call: async (call) => void calls.push(call) });
  return { life, state, calls };
}

describe('the life of a host', () => {
  it('is that it can be asked, but not while it is paused', async () => {
    const { life, state, calls } = setUp();
    state.phase = 'paused';
    const paused = { code: 'FailedPrecondition', message: 'The host host-1 is paused: resume it first' };
    await expect(life.call('pause', {})).rejects.toMatchObject(paused);
    state.phase = 'running';
    await life.call('resume', {});
    expect(calls).toEqual(['resume']);
    expect(life.over).toBe(false);
  });

  it('is over with its first end, and that is why nobody can ask it any more', async () => {
    const { life, state, calls } = setUp();
    const end = life.end('The host host-1 has ended: it crashed');
    expect(life.end('The host host-1 is not used any more')).toBe(end);
    state.phase = 'paused';
    await expect(life.call('pause', {})).rejects.toBe(end);
    expect(() => life.assertAlive()).toThrow('it crashed');
    expect(life.over).toBe(true);
    expect(calls).toEqual([]);
  });
});
