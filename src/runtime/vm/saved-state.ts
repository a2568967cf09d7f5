import { SandboxError } from '../../base/errors';
import type { Cpu } from './v86-internals';

/**
 * Puts a state saved by v86 into a machine that has not run yet.
 *
 * v86's own loader copies every buffer and then writes zeros over all of the guest's RAM, which makes the
 * host back even the RAM that the guest does not use: two thirds of the time of a restore, and most of the
 * memory of a small machine. Here the big buffer is read in place, and only pages that were saved are written.
 *
 * The format is v86's (src/state.js, version 6): four little-endian words (magic, version, total length,
 * length of the JSON), the JSON, then the buffers, each aligned to 4 bytes.
 */

const magic = 0x86768676;
const formatVersion = 6;
const headerBytes = 16;
const pageBytes = 4096;

const arrays = { Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array, Float64Array };

interface Info {
  readonly buffer_infos: readonly { readonly offset: number; readonly length: number }[];
  readonly state: unknown;
}

interface Tagged {
  readonly __state_type__: keyof typeof arrays | 'Map';
  readonly args?: Iterable<readonly [unknown, unknown]>;
  readonly buffer_id?: number;
}

/** Larger buffers are views of the state; smaller ones are copied, since devices keep them. */
const viewFromBytes = 1024 * 1024;

export function loadSavedState(cpu: Cpu, state: ArrayBuffer): void {
  const { info, buffersAt } = parseHeader(state);
  const bufferOf = (id: number): { buffer: ArrayBuffer; offset: number; length: number } => {
    const place = info.buffer_infos[id];
    const offset = buffersAt + (place?.offset ?? Number.NaN);
    if (!place || offset + place.length > state.byteLength) throw damaged(`buffer ${id} lies outside`);
    if (place.length >= viewFromBytes) return { buffer: state, offset, length: place.length };
    return { buffer: state.slice(offset, offset + place.length), offset: 0, length: place.length };
  };
  cpu.unpack_memory = (bitmap, packed) => unpackInto(cpu.mem8, bitmap.view, packed);
  cpu.set_state(reviveArray(info.state as unknown[], bufferOf));
}

function parseHeader(state: ArrayBuffer): { info: Info; buffersAt: number } {
  if (state.byteLength < headerBytes) throw damaged(`it has only ${state.byteLength} bytes`);
  const view = new DataView(state);
  const [found, version, total, infoBytes] = [0, 4, 8, 12].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  if (found !== magic) throw damaged('it does not begin as one');
  if (version !== formatVersion) throw damaged(`it has format ${version}, not ${formatVersion}`);
  if (total !== state.byteLength) throw damaged(`it should have ${total} bytes and has ${state.byteLength}`);
  if (headerBytes + infoBytes > total) throw damaged('its description is cut');
  try {
    const info = JSON.parse(new TextDecoder().decode(new Uint8Array(state, headerBytes, infoBytes))) as Info;
    return { info, buffersAt: (headerBytes + infoBytes + 3) & ~3 };
  } catch (cause) {
    throw damaged('its description is not JSON', cause);
  }
}

type BufferOf = (id: number) => { buffer: ArrayBuffer; offset: number; length: number };

function reviveArray(values: readonly unknown[], bufferOf: BufferOf): unknown[] {
  return values.map((value) => revive(value, bufferOf));
}

function revive(value: unknown, bufferOf: BufferOf): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return reviveArray(value, bufferOf);
  const tagged = value as Tagged;
  if (tagged.__state_type__ === 'Map') return new Map(tagged.args ?? []);
  const TypedArray = arrays[tagged.__state_type__];
  if (!TypedArray || tagged.buffer_id === undefined) throw damaged(`it has an unknown type ${tagged.__state_type__}`);
  const { buffer, offset, length } = bufferOf(tagged.buffer_id);
  return new TypedArray(buffer, offset, length / TypedArray.BYTES_PER_ELEMENT);
}

/** Writes the saved pages, in runs, to where the bitmap (bit n of byte n >> 3) says they belong. */
function unpackInto(memory: Uint8Array, bitmap: Uint8Array, packed: Uint8Array): void {
  const pages = memory.length / pageBytes;
  const isSaved = (page: number): boolean => (((bitmap[page >> 3] ?? 0) >> (page & 7)) & 1) === 1;
  let taken = 0;
  for (let page = 0; page < pages; page += 1) {
    if (!isSaved(page)) continue;
    const first = page;
    while (page + 1 < pages && isSaved(page + 1)) page += 1;
    const length = (page + 1 - first) * pageBytes;
    memory.set(packed.subarray(taken, taken + length), first * pageBytes);
    taken += length;
  }
  if (taken !== packed.length) throw damaged('its pages do not match its map of pages');
}

function damaged(how: string, cause?: unknown): SandboxError {
  return new SandboxError('FailedPrecondition', `Not a saved state of this emulator: ${how}`, { cause });
}
