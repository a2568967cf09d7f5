import { describe, expect, it } from 'vitest';
import { packageSets } from '../packages';
import { lockedPackage, readLock } from './lock';

const lock = readLock();

describe('images/lock.json', () => {
  it('has every package of the recipes once, for its machine or for all, and no other', () => {
    const wanted = new Set(packageSets.flatMap(({ names }) => names));
    expect(lock.packages.map(({ name }) => name).sort()).toEqual([...wanted].sort());
    for (const { architecture, names } of packageSets) {
      for (const name of names) expect([architecture, 'all'], name).toContain(lockedPackage(lock, name).architecture);
    }
  });

  it('says what each package is exactly, and what it was built from', () => {
    for (const entry of lock.packages) {
      expect(entry.sha256, entry.name).toMatch(/^[0-9a-f]{64}$/);
      expect(entry.version, entry.name).toMatch(/^[\w.+~:-]+$/);
      expect(entry.source, entry.name).toMatch(/^[a-z0-9][a-z0-9+.-]+$/);
      expect(entry.sourceVersion, entry.name).toMatch(/^[\w.+~:-]+$/);
      expect(entry.size, entry.name).toBeGreaterThan(0);
    }
  });

  it('names a package that is missing, and the way out', () => {
    expect(() => lockedPackage(lock, 'no-such-package')).toThrow(/no-such-package: run npm run images -- --update/);
  });
});
