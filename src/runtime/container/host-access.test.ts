import { describe, expect, it } from 'vitest';
import type { Instance } from '../../api/instance';
import { HostAccess } from './host-access';

function setUp() {
  const state = { phase: 'running', since: 0 } as { phase: Instance['state']['phase']; since: number };
  const calls: string[] = [];
  const instance = { spec: { kind: 'vm', name: 'host-1' }, state } as Pick<Instance, 'spec' | 'state'>;
  const access = new HostAccess(instance, { call: async (call) => void calls.push(call) });
  return { access, state, calls };
}

describe('the access to a host', () => {
  it('is there while it runs, but not while it is paused', async () => {
    const { access, state, calls } = setUp();
    state.phase = 'paused';
    const paused = { code: 'FailedPrecondition', message: 'The host host-1 is paused: resume it first' };
    await expect(access.call('pause', {})).rejects.toMatchObject(paused);
    state.phase = 'running';
    await access.call('resume', {});
    expect(calls).toEqual(['resume']);
    expect(access.over).toBe(false);
  });

  it('is over with its first end, and that is why nobody can ask it any more', async () => {
    const { access, state, calls } = setUp();
    const end = access.end('The host host-1 has ended: it crashed');
    expect(access.end('The host host-1 is not used any more')).toBe(end);
    state.phase = 'paused';
    await expect(access.call('pause', {})).rejects.toBe(end);
    expect(() => access.assertOpen()).toThrow('it crashed');
    expect(access.over).toBe(true);
    expect(calls).toEqual([]);
  });
});
