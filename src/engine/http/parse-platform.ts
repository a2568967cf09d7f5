import type { Platform } from '../../api/image';
import { SandboxError } from '../../base/errors';

/** `linux/386`, `linux/arm/v7`. `InvalidArgument` for what is none. */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...more] = text.split('/');
  if (!os || !architecture || more.length > 0) {
    throw new SandboxError('InvalidArgument', `${JSON.stringify(text)} is no platform: linux/386 is one`);
  }
  return { os, architecture, ...(variant && { variant }) };
}
