import type { Platform } from '../../api/image';
import { SandboxError } from '../../base/errors';

/** What guests here run on. */
export const guestPlatform: Platform = { os: 'linux', architecture: '386' };

/**
 * Which of the platforms of an image to take: the one that is asked for, without a variant any of it.
 * `FailedPrecondition` names those there are, with `others` that cannot be taken now. `subject` is the name of the
 * image, for people.
 */
export function choosePlatform<T extends { readonly platform: Platform }>(
  subject: string,
  offered: readonly T[],
  wanted: Platform = guestPlatform,
  others: readonly Platform[] = [],
): T {
  const found = offered.find(({ platform }) => fits(platform, wanted));
  if (found) return found;
  const names = [...new Set([...offered.map(({ platform }) => platform), ...others].map(platformName))];
  const there = names.length === 0 ? 'it is not for any platform' : `it is for ${names.slice(0, 20).join(', ')}`;
  if (others.some((each) => fits(each, wanted))) {
    const message = `The image for ${platformName(wanted)} of ${subject} is not stored; pull it`;
    throw new SandboxError('FailedPrecondition', message, {
      details: { image: subject, wanted: platformName(wanted) },
    });
  }
  throw new SandboxError(
    'FailedPrecondition',
    `No image for ${platformName(wanted)} in ${subject}: ${there}; choose an image built for ${platformName(wanted)}`,
    { details: { image: subject, wanted: platformName(wanted), offered: names.join(',') } },
  );
}

/** `linux/arm/v7` */
export function platformName({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** Attestations and the like stand in an index beside images, for the platform `unknown/unknown`. */
export function isRealPlatform({ os, architecture }: Platform): boolean {
  return os !== 'unknown' && os !== '' && architecture !== 'unknown' && architecture !== '';
}

/** Those for guests here first. */
export function comparePlatforms(a: Platform, b: Platform): number {
  return Number(suitsGuests(b)) - Number(suitsGuests(a));
}

export function suitsGuests(platform: Platform): boolean {
  return fits(platform, guestPlatform);
}

function fits(platform: Platform, wanted: Platform): boolean {
  return (
    platform.os === wanted.os &&
    platform.architecture === wanted.architecture &&
    (wanted.variant === undefined || platform.variant === wanted.variant)
  );
}
