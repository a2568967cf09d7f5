import { SandboxError } from '../../base/errors';
import { type MemoryDifference, type PageSet, packPages, pageBytes, pageSetOf } from './memory-image';
import { type BufferPlace, parseValue, serializeValue } from './state-values';

/**
 * A saved state as what differs from the layers below it; without layers below it is whole.
 *
 * Little-endian words: magic "STRD", version, bytes in all, bytes of the description, pages of the memory,
 * changed pages, layers below, fingerprint of those layers. Then, each aligned to 4 bytes: the description
 * (JSON), a bit for each changed page, a bit for each page that became zero, the devices' buffers, and the
 * changed pages. Devices are always whole: they are small.
 */

const deltaMagic = 0x44525453;
const version = 1;
const headerBytes = 32;

interface Description {
  readonly devices: unknown;
  readonly session?: unknown;
  readonly buffers: readonly { readonly offset: number; readonly length: number }[];
  /** Bytes of all buffers together. */
  readonly bufferBytes: number;
}

export interface DeltaState {
  /** How large the memory is. */
  readonly pages: number;
  readonly changed: PageSet;
  readonly zeroed: PageSet;
  /** Views of the delta's buffer. */
  readonly packed: Uint8Array;
  readonly layersBelow: number;
  readonly fingerprint: number;
  /** v86's state array without the memory. */
  devices(): unknown[];
  /** What else was saved with the machine. */
  session(): unknown;
}

export interface DeltaContents {
  /** The whole memory of the machine. */
  readonly memory: Uint8Array;
  readonly difference: MemoryDifference;
  /** v86's state array, or an object with `get_state`, without the memory. */
  readonly devices: unknown;
  readonly session?: unknown;
  readonly below: readonly ArrayBuffer[];
}

export function isDelta(layer: ArrayBuffer): boolean {
  return layer.byteLength >= 4 && new DataView(layer).getUint32(0, true) === deltaMagic;
}

/** Everything is copied before it returns; the machine may then go on. */
export function serializeDelta({ memory, difference, devices, session, below }: DeltaContents): ArrayBuffer {
  const views: Uint8Array[] = [];
  const values = { devices: serializeValue(devices, views), session: serializeValue(session, views) };
  let bufferBytes = 0;
  const buffers = views.map(({ length }) => {
    const place = { offset: bufferBytes, length };
    bufferBytes = align(bufferBytes + length);
    return place;
  });
  const text = new TextEncoder().encode(JSON.stringify({ ...values, buffers, bufferBytes } satisfies Description));
  const pages = memory.length / pageBytes;
  const places = layOut({
    description: text.length,
    pages,
    bufferBytes,
    changed: difference.changed.length,
  });
  const layer = new ArrayBuffer(places.total);
  const header = [
    deltaMagic,
    version,
    places.total,
    text.length,
    pages,
    difference.changed.length,
    below.length,
    fingerprintOf(below),
  ];
  const view = new DataView(layer);
  for (const [index, word] of header.entries()) view.setUint32(index * 4, word, true);
  const bytes = new Uint8Array(layer);
  bytes.set(text, headerBytes);
  bytes.set(pageSetOf(pages, difference.changed), places.changed);
  bytes.set(pageSetOf(pages, difference.zeroed), places.zeroed);
  for (const [index, each] of views.entries()) bytes.set(each, places.buffers + (buffers[index]?.offset ?? 0));
  packPages(memory, difference.changed, bytes.subarray(places.packed));
  return layer;
}

/** `DataLoss` when it is damaged, `FailedPrecondition` when another version wrote it. */
export function parseDelta(layer: ArrayBuffer): DeltaState {
  if (layer.byteLength < headerBytes) throw damaged(`it has only ${layer.byteLength} bytes`);
  const view = new DataView(layer);
  const word = (index: number): number => view.getUint32(index * 4, true);
  if (word(0) !== deltaMagic) throw damaged('it does not begin as one');
  if (word(1) !== version) {
    throw new SandboxError('FailedPrecondition', `A saved state has format ${word(1)}, this page reads ${version}`);
  }
  if (word(2) !== layer.byteLength) throw damaged(`it should have ${word(2)} bytes and has ${layer.byteLength}`);
  const [textBytes, pages, changedPages] = [word(3), word(4), word(5)];
  if (headerBytes + textBytes > layer.byteLength) throw damaged('its description is cut');
  const description = parseDescription(new Uint8Array(layer, headerBytes, textBytes));
  const { bufferBytes } = description;
  const places = layOut({ description: textBytes, pages, bufferBytes, changed: changedPages });
  if (places.total !== layer.byteLength) throw damaged('its parts do not add up');
  const bufferOf = (id: number): BufferPlace => {
    const { offset = Number.NaN, length = 0 } = description.buffers[id] ?? {};
    if (!(offset >= 0 && length >= 0 && offset + length <= bufferBytes)) throw damaged(`buffer ${id} lies outside`);
    const start = places.buffers + offset;
    // Copies: devices keep what they are given.
    return { buffer: layer.slice(start, start + length), offset: 0, length };
  };
  const setBytes = (pages + 7) >> 3;
  return {
    pages,
    changed: new Uint8Array(layer, places.changed, setBytes),
    zeroed: new Uint8Array(layer, places.zeroed, setBytes),
    packed: new Uint8Array(layer, places.packed, changedPages * pageBytes),
    layersBelow: word(6),
    fingerprint: word(7),
    devices() {
      const devices = parseValue(description.devices, bufferOf);
      if (!Array.isArray(devices)) throw damaged('it has no devices');
      return devices;
    },
    session: () => parseValue(description.session, bufferOf),
  };
}

/** How much of a layer goes into the fingerprint: its header, description and the first buffers. */
const fingerprintBytes = 65536;

/**
 * Tells apart what a delta can be put on and what it cannot, should somebody mix them up: FNV-1a, by words, over
 * the sizes and beginnings of the layers. What the bytes are is vouched for by their digests.
 */
export function fingerprintOf(layers: readonly ArrayBuffer[]): number {
  let hash = 0x811c9dc5;
  const mix = (word: number): void => {
    hash = Math.imul(hash ^ word, 0x01000193);
  };
  for (const layer of layers) {
    mix(layer.byteLength);
    const words = Math.min(layer.byteLength, fingerprintBytes) >> 2;
    for (const word of new Uint32Array(layer, 0, words)) mix(word);
  }
  return hash >>> 0;
}

interface Sizes {
  readonly description: number;
  readonly pages: number;
  readonly bufferBytes: number;
  readonly changed: number;
}

function layOut({ description, pages, bufferBytes, changed }: Sizes) {
  const setBytes = align((pages + 7) >> 3);
  const changedAt = align(headerBytes + description);
  const zeroedAt = changedAt + setBytes;
  const buffersAt = zeroedAt + setBytes;
  const packedAt = buffersAt + align(bufferBytes);
  return {
    changed: changedAt,
    zeroed: zeroedAt,
    buffers: buffersAt,
    packed: packedAt,
    total: packedAt + changed * pageBytes,
  };
}

function parseDescription(bytes: Uint8Array): Description {
  let description: Partial<Description> | null;
  try {
    description = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Description> | null;
  } catch (cause) {
    throw damaged('its description is not JSON', cause);
  }
  const { buffers, bufferBytes } = description ?? {};
  if (!Array.isArray(buffers) || typeof bufferBytes !== 'number' || !(bufferBytes >= 0)) {
    throw damaged('its description is not one');
  }
  return description as Description;
}

function align(bytes: number): number {
  return (bytes + 3) & ~3;
}

function damaged(how: string, cause?: unknown): SandboxError {
  return new SandboxError('DataLoss', `A saved state is damaged: ${how}`, { cause });
}
