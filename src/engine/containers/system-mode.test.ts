import { describe, expect, it } from 'vitest';
import { isSystem, systemBody, systemConfig } from './system-mode';

const wish = { Image: 'booted', HostConfig: { Runtime: 'system' } };

describe('a system container', () => {
  it('is one by its runtime alone', () => {
    expect([isSystem(wish.HostConfig), isSystem({ Runtime: 'strata-oci' }), isSystem({})]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('has an init in the place of its image’s command, and a user namespace', () => {
    expect(systemBody(wish)).toEqual({
      Image: 'booted',
      Entrypoint: ['init'],
      HostConfig: { Runtime: 'system', UsernsMode: 'private' },
    });
    expect(systemBody({ ...wish, Cmd: ['/lib/systemd/systemd'] })).not.toHaveProperty('Entrypoint');
  });

  it('shares the host’s users where that is asked for, or where it has all rights', () => {
    const users = (more: object) => systemBody({ ...wish, HostConfig: { ...wish.HostConfig, ...more } }).HostConfig;
    expect(users({ UsernsMode: 'host' })).toMatchObject({ UsernsMode: 'host' });
    expect(users({ Privileged: true })).toMatchObject({ UsernsMode: 'host' });
  });

  it('is told to end by what an init takes for it, unless the image says otherwise', () => {
    expect(systemConfig({ Image: 'booted' }).StopSignal).toBe('SIGPWR');
    expect(systemConfig({ Image: 'booted', StopSignal: 'SIGRTMIN+3' }).StopSignal).toBe('SIGRTMIN+3');
  });

  it('has no reaper of docker’s before its own', () => {
    expect(() => systemBody({ ...wish, HostConfig: { ...wish.HostConfig, Init: true } })).toThrow(
      'conflicting options',
    );
  });
});
