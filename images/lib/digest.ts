import { createHash } from 'node:crypto';
import type { Digest } from '../../src/api/content-store';

export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${sha256Hex(bytes)}`;
}

/** One digest for several inputs; a name keeps two inputs from being taken for one another. */
export function inputsDigest(inputs: Readonly<Record<string, string>>): Digest {
  const lines = Object.entries(inputs).map(([name, value]) => `${name} ${value}\n`);
  return digestOf(lines.sort().join(''));
}
