import { describe, expect, it } from 'vitest';
import type { RegistryOffer } from '../../api/offline';
import { mediaTypes } from '../../formats/oci';
import { offlineOffers } from './offline-offers';

const artifact = (reference: string, artifactType: string, size: number, stored = 0): RegistryOffer => ({
  references: [reference],
  artifactType,
  size,
  stored,
});
const image = (name: string, tags: readonly string[], stored = 0): RegistryOffer => ({
  references: tags.map((tag) => `library/${name}:${tag}`),
  size: 100,
  stored,
});

describe('what can be made available offline', () => {
  const registry = [
    image('sqlite', ['3', 'latest'], 100),
    artifact('strata/kernel:6.1', mediaTypes.kernel, 50, 50),
    artifact('strata/snapshot:vm-64', mediaTypes.snapshot, 60),
    artifact('strata/unikernel-gateway:1', mediaTypes.unikernel, 10),
    artifact('strata/unikernel-kv:1', mediaTypes.unikernel, 7, 7),
    image('debian', ['12']),
  ];

  it('is what machines and networks start from, taken together, then unikernels and images by name', () => {
    expect(
      offlineOffers(registry, new Set()).map(({ kind, name, size, stored }) => [kind, name, size, stored]),
    ).toEqual([
      ['machines', 'machines', 120, 50],
      ['unikernel', 'strata/unikernel-kv:1', 7, 7],
      ['image', 'debian:12', 100, 0],
      ['image', 'sqlite:latest', 100, 100],
    ]);
  });

  it('is kept where all of it is stored, and an image where it has all its names', () => {
    const kept = (...images: readonly string[]) =>
      offlineOffers(registry, new Set(images)).flatMap(({ name, kept }) => (kept ? [name] : []));
    expect(kept('sqlite:3')).toEqual(['strata/unikernel-kv:1']);
    expect(kept('sqlite:3', 'sqlite:latest')).toEqual(['strata/unikernel-kv:1', 'sqlite:latest']);
  });

  it('is nothing where the registry has nothing', () => {
    expect(offlineOffers([], new Set())).toEqual([]);
  });
});
