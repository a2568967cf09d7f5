import { SandboxError } from '../../base/errors';
import { fingerprintOf, isDelta, parseDelta, serializeDelta } from './delta-state';
import { clearPages, MemoryImage, pageBytes } from './memory-image';
import { type BufferPlace, parseValue } from './state-values';
import type { Cpu } from './v86-internals';

/**
 * Saving and loading a machine. A saved machine is a chain of layers: a whole state, as v86 writes it or as
 * delta-state.ts does, then any number of deltas, each holding the devices and what changed in memory.
 *
 * v86's own loader copies every buffer and then writes zeros over all of the guest's RAM, which makes the
 * host back even the RAM that the guest does not use: two thirds of the time of a restore, and most of the
 * memory of a small machine. Here the big buffers are read in place, and only pages that were saved are written.
 *
 * v86's format (src/state.js, version 6): four little-endian words (magic, version, total length, length of
 * the JSON), the JSON, then the buffers, each aligned to 4 bytes.
 */

const magic = 0x86768676;
const formatVersion = 6;
const headerBytes = 16;

/** Places in v86's state array. */
const index = { memoryBytes: 0, packedMemory: 77, memoryBitmap: 78 } as const;

/** Larger buffers are views of the state; smaller ones are copied, since devices keep them. */
const viewFromBytes = 1024 * 1024;

interface Info {
  readonly buffer_infos: readonly { readonly offset: number; readonly length: number }[];
  readonly state: unknown;
}

/** A chain of layers, understood. */
interface Chain {
  readonly memory: MemoryImage;
  devices(): unknown[];
  session(): unknown;
}

/**
 * Puts a saved machine into one that has not run yet; gives back what else was saved with it. `DataLoss` for
 * layers that are damaged, `FailedPrecondition` for layers of other versions or that do not belong together.
 */
export function loadLayers(cpu: Cpu, layers: readonly ArrayBuffer[]): unknown {
  const { memory, devices, session } = parseLayers(layers);
  setState(cpu, devices(), () => memory.writeTo(cpu.mem8));
  return session();
}

/** Puts a layer in that was told against what the machine's memory holds already. It has not run yet either. */
export function loadOnto(cpu: Cpu, layer: ArrayBuffer): unknown {
  const { pages, changed, zeroed, packed, devices, session } = parseDelta(layer);
  const memory = new MemoryImage(pages);
  memory.apply({ changed, packed });
  setState(cpu, devices(), () => {
    clearPages(cpu.mem8, zeroed);
    memory.writeTo(cpu.mem8);
  });
  return session();
}

/**
 * The machine as one more layer on `below`; without layers below, all of it. The machine must stand still
 * meanwhile. `session` is any structured-cloneable value.
 */
export function saveLayer(cpu: Cpu, below: MemoryParent, session?: unknown): ArrayBuffer {
  const { mem8: memory } = cpu;
  const pages = memory.length / pageBytes;
  const image = below.image ?? new MemoryImage(pages);
  const difference = image.differenceTo(memory);
  return serializeDelta({ memory, difference, devices: devicesOf(cpu), session, below: below.layers });
}

/** The layers that a new one is told against. */
export interface MemoryParent {
  readonly layers: readonly ArrayBuffer[];
  readonly image?: MemoryImage;
}

/** Understood beforehand, so that the machine need not stand still for it. Errors as {@link loadLayers}. */
export function prepareParent(layers: readonly ArrayBuffer[]): MemoryParent {
  return layers.length === 0 ? { layers } : { layers, image: parseLayers(layers).memory };
}

function setState(cpu: Cpu, devices: unknown[], writeMemory: () => void): void {
  const unpack = cpu.unpack_memory;
  // v86 calls this with the memory of its own format, which is elsewhere.
  cpu.unpack_memory = writeMemory;
  try {
    cpu.set_state(devices);
  } finally {
    cpu.unpack_memory = unpack;
  }
}

/** v86's state array with an empty memory: ours is saved beside it. */
function devicesOf(cpu: Cpu): unknown[] {
  const pack = cpu.pack_memory;
  const empty = new Uint8Array(0);
  cpu.pack_memory = () => ({ packed_memory: empty, bitmap: { get_buffer: () => empty.buffer } });
  try {
    return cpu.get_state();
  } finally {
    cpu.pack_memory = pack;
  }
}

function parseLayers(layers: readonly ArrayBuffer[]): Chain {
  const [first] = layers;
  if (!first) throw new SandboxError('FailedPrecondition', 'A saved machine without layers');
  let chain: Chain | undefined;
  for (const [count, layer] of layers.entries()) {
    chain = isDelta(layer) ? onTop(chain, layer, layers.slice(0, count)) : wholeState(layer, count);
  }
  return chain as Chain;
}

function wholeState(layer: ArrayBuffer, layersBelow: number): Chain {
  if (layersBelow > 0) throw new SandboxError('FailedPrecondition', 'A whole saved state cannot lie on another one');
  const { state, bufferOf } = parseV86State(layer);
  const memoryBytes = Number(state[index.memoryBytes]);
  if (!(memoryBytes > 0 && memoryBytes % pageBytes === 0)) throw damaged('it has no memory');
  const memory = new MemoryImage(memoryBytes / pageBytes);
  const [packed, changed] = [state[index.packedMemory], state[index.memoryBitmap]].map((value) =>
    parseValue(value, bufferOf),
  );
  if (!(packed instanceof Uint8Array && changed instanceof Uint8Array)) throw damaged('it has no memory');
  memory.apply({ changed, packed });
  const withoutMemory = state.with(index.packedMemory, null);
  return { memory, devices: () => parseValue(withoutMemory, bufferOf) as unknown[], session: () => undefined };
}

function onTop(chain: Chain | undefined, layer: ArrayBuffer, below: readonly ArrayBuffer[]): Chain {
  const delta = parseDelta(layer);
  if (delta.layersBelow !== below.length || delta.fingerprint !== fingerprintOf(below)) {
    throw new SandboxError('FailedPrecondition', 'A saved state does not lie on the states it was made for');
  }
  const memory = chain?.memory ?? new MemoryImage(delta.pages);
  if (memory.pages !== delta.pages) throw damaged('its memory has another size than that below it');
  memory.apply(delta);
  return { memory, devices: delta.devices, session: delta.session };
}

function parseV86State(layer: ArrayBuffer): { state: unknown[]; bufferOf: (id: number) => BufferPlace } {
  const { info, buffersAt } = parseV86Header(layer);
  const bufferOf = (id: number): BufferPlace => {
    const { offset = Number.NaN, length = 0 } = info.buffer_infos[id] ?? {};
    const start = buffersAt + offset;
    if (!(offset >= 0 && length >= 0 && start + length <= layer.byteLength)) {
      throw damaged(`buffer ${id} lies outside`);
    }
    if (length >= viewFromBytes) return { buffer: layer, offset: start, length };
    return { buffer: layer.slice(start, start + length), offset: 0, length };
  };
  if (!Array.isArray(info.state) || !Array.isArray(info.buffer_infos)) throw damaged('its description is not one');
  return { state: info.state, bufferOf };
}

function parseV86Header(state: ArrayBuffer): { info: Info; buffersAt: number } {
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

function damaged(how: string, cause?: unknown): SandboxError {
  return new SandboxError('FailedPrecondition', `Not a saved state of this emulator: ${how}`, { cause });
}
