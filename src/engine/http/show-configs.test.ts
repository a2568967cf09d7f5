import { expect, it } from 'vitest';
import type { ContainerInspect, HostConfig } from '../../api/container';
import { maskedPaths, readonlyPaths } from '../containers/hidden-paths';
import { showConfigs } from './show-configs';

const shown = (HostConfig: HostConfig) => {
  const container: Pick<ContainerInspect, 'Config' | 'HostConfig'> = { Config: { Image: 'a' }, HostConfig };
  const { MaskedPaths, ReadonlyPaths, PidsLimit, MemorySwappiness } = showConfigs(container as never).HostConfig;
  return { MaskedPaths, ReadonlyPaths, PidsLimit, MemorySwappiness };
};
const unlimited = { PidsLimit: null, MemorySwappiness: null };
const usual = { MaskedPaths: maskedPaths, ReadonlyPaths: readonlyPaths };

it.each<[HostConfig, object]>([
  [{}, { ...usual, ...unlimited }],
  [
    { PidsLimit: 0, MemorySwappiness: -1 },
    { ...usual, ...unlimited },
  ],
  [{ PidsLimit: -1 }, { ...usual, ...unlimited }],
  [
    { PidsLimit: 5, MemorySwappiness: 0 },
    { ...usual, PidsLimit: 5, MemorySwappiness: 0 },
  ],
  [{ Privileged: true }, { MaskedPaths: null, ReadonlyPaths: null, ...unlimited }],
  [
    { MaskedPaths: [], ReadonlyPaths: ['/proc/sys'] },
    { MaskedPaths: [], ReadonlyPaths: ['/proc/sys'], ...unlimited },
  ],
])('of %j docker shows what holds', (host, expected) => {
  expect(shown(host)).toEqual(expected);
});
