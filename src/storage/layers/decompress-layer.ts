import { concatBytes } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import type { LayerCompression } from '../../formats/layer-type';
import { BombGuard } from '../bomb-guard';
import { createZstdFramesUnpacker } from '../unpack';
import { gunzip } from './gunzip';

/** The first bytes of what is compressed; of a tar they are a name. */
const magics: readonly { readonly compression: LayerCompression; readonly bytes: readonly number[] }[] = [
  { compression: 'gzip', bytes: [0x1f, 0x8b] },
  { compression: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
];
const magicLength = 4;

/**
 * The tar in a layer's bytes, as they come: no more of it is in memory than what one small part of the input holds.
 * Errors: `DataLoss` for what is not compressed that way, or damaged; with `limit` in its details for a bomb.
 */
export async function* decompressLayer(
  bytes: AsyncIterable<Uint8Array>,
  compression: LayerCompression,
): AsyncGenerator<Uint8Array, void, undefined> {
  const checked = checkMagic(bytes, compression);
  if (compression === 'none') yield* checked;
  else if (compression === 'zstd') yield* unzstd(checked);
  else yield* guardedGunzip(checked);
}

async function* guardedGunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const guard = new BombGuard();
  const counted = async function* () {
    for await (const chunk of bytes) {
      guard.take(chunk.length);
      yield chunk;
    }
  };
  for await (const piece of gunzip(counted())) {
    guard.give(piece.length);
    yield piece;
  }
}

async function* unzstd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const unpacker = createZstdFramesUnpacker();
  for await (const chunk of bytes) yield* unpacker.push(chunk);
  yield* unpacker.finish();
}

/** The same bytes. `DataLoss` when their beginning is not that of the compression. */
async function* checkMagic(
  bytes: AsyncIterable<Uint8Array>,
  compression: LayerCompression,
): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array();
  for await (const chunk of bytes) {
    if (!head) {
      yield chunk;
      continue;
    }
    head = concatBytes([head, chunk]);
    if (head.length < magicLength) continue;
    requireMagic(head, compression);
    yield head;
    head = undefined;
  }
  if (!head) return;
  requireMagic(head, compression);
  yield head;
}

function requireMagic(head: Uint8Array, compression: LayerCompression): void {
  const found = magics.find(({ bytes }) => bytes.every((byte, at) => head[at] === byte))?.compression ?? 'none';
  if (found === compression) return;
  const say = (what: LayerCompression): string => (what === 'none' ? 'not compressed' : `compressed by ${what}`);
  throw new SandboxError('DataLoss', `By its media type it is ${say(compression)}, but its bytes are ${say(found)}`);
}
