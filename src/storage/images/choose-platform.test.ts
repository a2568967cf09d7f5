import { describe, expect, it } from 'vitest';
import type { Platform } from '../../api/image';
import { choosePlatform, comparePlatforms, guestPlatform, isRealPlatform, platformName } from './choose-platform';

const of = (os: string, architecture: string, variant?: string): { readonly platform: Platform } => ({
  platform: { os, architecture, ...(variant !== undefined && { variant }) },
});
const offered = [of('linux', 'amd64'), of('linux', '386'), of('linux', 'arm', 'v6'), of('linux', 'arm', 'v7')];

describe('choosing a platform', () => {
  it('takes the one for guests here unless another is asked for', () => {
    expect(choosePlatform('web', offered)).toBe(offered[1]);
    expect(choosePlatform('web', offered, { os: 'linux', architecture: 'arm', variant: 'v7' })).toBe(offered[3]);
    expect(choosePlatform('web', offered, { os: 'linux', architecture: 'arm' })).toBe(offered[2]);
  });

  it('names those there are when none fits', () => {
    const windows = { os: 'windows', architecture: 'amd64' };
    expect(() => choosePlatform('web', offered, windows)).toThrow(
      'No image for windows/amd64 in web: it is for linux/amd64, linux/386, linux/arm/v6, linux/arm/v7',
    );
    expect(() => choosePlatform('web', [])).toThrow('it is not for any platform');
  });

  it('tells images from what only stands beside them, and puts ours first', () => {
    expect(isRealPlatform({ os: 'unknown', architecture: 'unknown' })).toBe(false);
    expect(isRealPlatform(guestPlatform)).toBe(true);
    const sorted = offered.map(({ platform }) => platform).sort(comparePlatforms);
    expect(sorted.map(platformName)[0]).toBe('linux/386');
  });
});
