import { describe, expect, it } from 'vitest';
import { missingOptions } from './config';

describe('missingOptions', () => {
  const config = ['CONFIG_VETH=y', '# CONFIG_SMP is not set', 'CONFIG_LOCALVERSION="-strata"', 'CONFIG_USB=y'].join(
    '\n',
  );

  it('finds nothing when every line was granted', () => {
    const fragment = '# a comment\n\nCONFIG_VETH=y\nCONFIG_SMP=n\nCONFIG_LOCALVERSION="-strata"\n';
    expect(missingOptions(fragment, config)).toEqual([]);
  });

  it.each([
    ['an option that was not granted', 'CONFIG_TUN=y'],
    ['an option that is on although it was to be off', 'CONFIG_USB=n'],
    ['a text that differs', 'CONFIG_LOCALVERSION="-other"'],
  ])('names %s', (_what, line) => {
    expect(missingOptions(`${line}\nCONFIG_VETH=y`, config)).toEqual([line]);
  });
});
