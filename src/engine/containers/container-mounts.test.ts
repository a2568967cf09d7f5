import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planMounts } from './container-mounts';

const plan = (host: Parameters<typeof planMounts>[0]['host'], volumes: readonly string[] = []) => {
  let made = 0;
  const newName = (): string => {
    made += 1;
    return `anonymous${made}`;
  };
  return planMounts({ host, volumes, inherited: [], newName });
};

describe('mounts of a container', () => {
  it('are binds, volumes and tmpfs, and anonymous volumes where the image wants some', () => {
    const mounts = plan(
      {
        Binds: ['/lab/src:/src:ro', 'data:/var/lib/data', 'raw:/raw:nocopy,rw'],
        Mounts: [
          { Type: 'tmpfs', Target: '/run', TmpfsOptions: { SizeBytes: 1024, Mode: 0o700 } },
          { Type: 'volume', Target: '/cache' },
        ],
        Tmpfs: { '/tmp': 'size=1m,noexec' },
      },
      ['/var/lib/data', '/var/log/'],
    );
    expect(mounts).toEqual([
      { kind: 'volume', volume: 'anonymous1', target: '/cache', readOnly: false, seed: true, anonymous: true },
      { kind: 'volume', volume: 'raw', target: '/raw', readOnly: false, seed: false, anonymous: false },
      { kind: 'tmpfs', target: '/run', options: ['size=1024', 'mode=700'] },
      { kind: 'bind', source: '/lab/src', target: '/src', readOnly: true },
      { kind: 'tmpfs', target: '/tmp', options: ['size=1m', 'noexec'] },
      { kind: 'volume', volume: 'anonymous2', target: '/var/log', readOnly: false, seed: true, anonymous: true },
      { kind: 'volume', volume: 'data', target: '/var/lib/data', readOnly: false, seed: true, anonymous: false },
    ]);
  });

  it.each([
    [{ Binds: ['/a'] }, "invalid volume specification: '/a'"],
    [{ Binds: ['/a:b'] }, 'mount path must be absolute'],
    [{ Binds: ['/a:/..'] }, "destination can't be '/'"],
    [{ Binds: ['/a:/b:wx'] }, 'invalid mode: wx'],
    [{ Binds: ['no/pe:/b'] }, 'includes invalid characters for a local volume name'],
    [{ Binds: ['a1:/b', '/c:/b/'] }, 'Duplicate mount point: /b'],
    [{ Mounts: [{ Type: 'bind', Target: '/b' }] }, 'field Source must not be empty'],
    [{ Mounts: [{ Type: 'tmpfs', Target: '/b', Source: 'x' }] }, 'field Source must not be specified'],
    [{ Mounts: [{ Type: 'volume', Target: '' }] }, 'field Target must not be empty'],
    [{ Mounts: [{ Type: 'npipe', Target: '/b' }] }, 'mount type unknown: "npipe"'],
  ] as const)('%j are refused', (host, message) => {
    expect(() => plan(host as Parameters<typeof plan>[0])).toThrow(message);
  });

  it('lie below what they are mounted in, each place once, and none leads out', () => {
    const path = fc.array(fc.constantFrom('a', 'b', '.', '..', ''), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(path, { maxLength: 6 }), (paths) => {
        const targets = plan(
          {},
          paths.map((parts) => `/x/y/z/u/v/w/${parts.join('/')}`),
        ).map(({ target }) => target);
        expect(new Set(targets).size).toBe(targets.length);
        for (const [at, target] of targets.entries()) {
          expect(target).toMatch(/^(\/[a-z]+)+$/);
          for (const later of targets.slice(at)) expect(target.startsWith(`${later}/`)).toBe(false);
        }
      }),
    );
  });
});
