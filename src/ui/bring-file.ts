import { concatBytes } from '../base/bytes';
import { chunksOf } from '../base/streams';
import { recognizeMedium } from '../formats/disk-medium';
import { sniffCompression } from '../formats/layer-type';
import { recognizeTar, type TarFileKind } from '../formats/tar-file';
import { parseVmProfile } from '../formats/vm-profile';
import type { Dialog } from './dialog';

/** Bytes of a profile at most: one of ours has a few hundred. */
const profileLimit = 64 * 1024;

/**
 * What to ask about a file that a person brings: a tar, which may be several things, a disk that a machine starts from, or a
 * profile of a machine. Errors: `InvalidArgument` says why it is none of them.
 */
export async function bringFile(file: File): Promise<Dialog> {
  if (file.size <= profileLimit && (await looksLikeJson(file))) {
    return { kind: 'new-machine', profile: parseVmProfile(new Uint8Array(await file.arrayBuffer())) };
  }
  const guess = await tarKindOf(file);
  if (guess) return { kind: 'brought-tar', file, guess };
  const medium = await recognizeMedium(file.name, file.size, async (offset, length) => {
    return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
  });
  return { kind: 'new-machine', disk: { file, medium } };
}

/** Bytes of a file that are looked at: several names of a tar, packed or not. */
const headBytes = 256 * 1024;

async function tarKindOf(file: File): Promise<TarFileKind | undefined> {
  const head = new Uint8Array(await file.slice(0, headBytes).arrayBuffer());
  switch (sniffCompression(head)) {
    case 'none':
      return recognizeTar(head);
    case 'gzip':
      return recognizeTar(await beginningOf(new Blob([head]).stream().pipeThrough(new DecompressionStream('gzip'))));
    case 'zstd':
      // No browser unpacks it by itself. Of what is packed so, a root file system is what can be taken.
      return /\.(tar\.zst|tzst)$/.test(file.name) ? 'root' : undefined;
  }
}

/** What can be read of a stream that was cut off. */
async function beginningOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of chunksOf(stream)) {
      parts.push(part);
      length += part.length;
      if (length >= headBytes) break;
    }
  } catch {
    // It ends where we have cut it.
  }
  return concatBytes(parts);
}

async function looksLikeJson(file: File): Promise<boolean> {
  return /^\s*\{/.test(await file.slice(0, 64).text());
}
