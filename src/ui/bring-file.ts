import { recognizeMedium } from '../formats/disk-medium';
import { parseVmProfile } from '../formats/vm-profile';
import type { Dialog } from './dialog';

/** Bytes of a profile at most: one of ours has a few hundred. */
const profileLimit = 64 * 1024;

/**
 * What to ask about a file that a person brings: a disk that a machine starts from, or a profile of a machine. Errors:
 * `InvalidArgument` says why it is neither.
 */
export async function bringFile(file: File): Promise<Dialog> {
  if (file.size <= profileLimit && (await looksLikeJson(file))) {
    return { kind: 'new-machine', profile: parseVmProfile(new Uint8Array(await file.arrayBuffer())) };
  }
  const medium = await recognizeMedium(file.name, file.size, async (offset, length) => {
    return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
  });
  return { kind: 'new-machine', disk: { file, medium } };
}

async function looksLikeJson(file: File): Promise<boolean> {
  return /^\s*\{/.test(await file.slice(0, 64).text());
}
