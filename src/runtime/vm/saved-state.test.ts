import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { MemoryImage } from './memory-image';
import { copyMemory } from './memory-walk';
import { loadLayers, loadOnto, prepareParent, saveLayer } from './saved-state';
import type { Cpu } from './v86-internals';

const pageBytes = 4096;
const pages = 16;

/** An array as v86 makes it of its WebAssembly memory (its src/lib.js): it has properties and nothing else. */
function viewOf(array: Int32Array): Int32Array {
  return new Proxy({} as Int32Array, {
    get(_, name) {
      const value = Reflect.get(array, name, array) as unknown;
      return typeof value === 'function' ? value.bind(array) : value;
    },
  });
}

/** A machine of 16 pages that takes and gives a state as v86's does. */
function machine() {
  const memory = new Uint8Array(pages * pageBytes);
  const seen: { state?: unknown[] } = {};
  const registers = viewOf(Int32Array.of(7, -8));
  const device = { get_state: () => [5, new Map([[1, 2]]), Float64Array.of(0.5)] };
  const cpu = {
    mem8: memory,
    get_state() {
      // With holes, as v86's.
      const state: unknown[] = [memory.length];
      state[2] = registers;
      state[3] = device;
      const { packed_memory, bitmap } = cpu.pack_memory();
      state[77] = packed_memory;
      state[78] = new Uint8Array(bitmap.get_buffer());
      return state;
    },
    set_state(state: unknown[]) {
      seen.state = state;
      cpu.unpack_memory({ view: state[78] as Uint8Array }, state[77] as Uint8Array);
    },
    unpack_memory: (() => {}) as Cpu['unpack_memory'],
    pack_memory: (() => {
      throw new Error('Not the way of layers');
    }) as Cpu['pack_memory'],
  };
  return { cpu: cpu as unknown as Cpu, memory, seen };
}

/** What a page is filled with; 0 makes it zero. */
function fillPage(memory: Uint8Array, page: number, value: number): void {
  memory.fill(value, page * pageBytes, (page + 1) * pageBytes);
}

/** A whole state in v86's format. */
function v86State(memory: Uint8Array): ArrayBuffer {
  const bitmap = new Uint8Array(pages >> 3);
  const saved: Uint8Array[] = [];
  for (let page = 0; page < pages; page += 1) {
    const bytes = memory.subarray(page * pageBytes, (page + 1) * pageBytes);
    if (bytes.every((byte) => byte === 0)) continue;
    bitmap[page >> 3] = (bitmap[page >> 3] ?? 0) | (1 << (page & 7));
    saved.push(bytes);
  }
  const packed = new Uint8Array(saved.length * pageBytes);
  for (const [index, bytes] of saved.entries()) packed.set(bytes, index * pageBytes);
  const buffers = [packed, bitmap, new Uint8Array(Int32Array.of(7, -8).buffer)];
  let offset = 0;
  const infos = buffers.map((buffer) => {
    const info = { offset, length: buffer.length };
    offset = (offset + buffer.length + 3) & ~3;
    return info;
  });
  const tagged = (type: string, id: number) => ({ __state_type__: type, buffer_id: id });
  const state: unknown[] = new Array(79).fill(null);
  state[0] = memory.length;
  state[2] = tagged('Int32Array', 2);
  state[3] = [5, { __state_type__: 'Map', args: [[1, 2]] }];
  state[77] = tagged('Uint8Array', 0);
  state[78] = tagged('Uint8Array', 1);
  const info = new TextEncoder().encode(JSON.stringify({ buffer_infos: infos, state }));
  const at = (16 + info.length + 3) & ~3;
  const whole = new Uint8Array(at + offset);
  new Uint32Array(whole.buffer, 0, 4).set([0x86768676, 6, whole.length, info.length]);
  whole.set(info, 16);
  for (const [index, buffer] of buffers.entries()) whole.set(buffer, at + (infos[index]?.offset ?? 0));
  return whole.buffer;
}

const writes = fc.array(fc.record({ at: fc.nat(pages * pageBytes - 1), value: fc.nat(255), page: fc.boolean() }), {
  maxLength: 12,
});

function write(memory: Uint8Array, each: { at: number; value: number; page: boolean }): void {
  if (each.page) fillPage(memory, Math.floor(each.at / pageBytes), each.value);
  else memory[each.at] = each.value;
}

/** A state of v86, then two layers of ours: page 1 changed, page 2 became zero; page 3 changed. */
function chainOfThree(): ArrayBuffer[] {
  const { cpu, memory } = machine();
  for (const page of [1, 2, 5]) fillPage(memory, page, page);
  const layers = [v86State(memory)];
  fillPage(memory, 1, 100);
  fillPage(memory, 2, 0);
  layers.push(saveLayer(cpu, prepareParent(layers), { nonce: Uint8Array.of(1, 2, 3), streams: [{ id: 4 }] }));
  fillPage(memory, 3, 101);
  layers.push(saveLayer(cpu, prepareParent(layers)));
  return layers;
}

describe('a saved machine', () => {
  it('is restored as it was, whatever chain of layers it is', () => {
    fc.assert(
      fc.property(writes, fc.array(writes, { maxLength: 5 }), fc.boolean(), (first, steps, byV86) => {
        const { cpu, memory } = machine();
        for (const each of first) write(memory, each);
        const layers = [byV86 ? v86State(memory) : saveLayer(cpu, prepareParent([]))];
        for (const step of steps) {
          for (const each of step) write(memory, each);
          layers.push(saveLayer(cpu, prepareParent(layers)));
        }
        const restored = machine();
        loadLayers(restored.cpu, layers);
        expect(isEqual(restored.memory, memory)).toBe(true);
      }),
    );
  });

  it('holds only the pages that differ from the layers below it', () => {
    const [whole, , last] = chainOfThree();
    expect((last as ArrayBuffer).byteLength).toBeLessThan(2 * pageBytes);
    expect((whole as ArrayBuffer).byteLength).toBeGreaterThan(3 * pageBytes);
  });

  it('takes up a change back to what an older layer says', () => {
    const { cpu, memory } = machine();
    fillPage(memory, 1, 7);
    const layers = [saveLayer(cpu, prepareParent([]))];
    fillPage(memory, 1, 8);
    layers.push(saveLayer(cpu, prepareParent(layers)));
    fillPage(memory, 1, 7);
    layers.push(saveLayer(cpu, prepareParent(layers)));
    const restored = machine();
    loadLayers(restored.cpu, layers);
    expect(isEqual(restored.memory, memory)).toBe(true);
  });

  it('gives devices back as the kinds of values that they were', () => {
    const { cpu, seen } = machine();
    loadLayers(cpu, [saveLayer(machine().cpu, prepareParent([]))]);
    expect(seen.state?.[2]).toEqual(Int32Array.of(7, -8));
    expect(seen.state?.[3]).toEqual([5, new Map([[1, 2]]), Float64Array.of(0.5)]);
    expect(seen.state?.[1]).toBeNull();
    loadLayers(cpu, [v86State(machine().memory)]);
    expect(seen.state?.[2]).toEqual(Int32Array.of(7, -8));
    expect(seen.state?.[3]).toEqual([5, new Map([[1, 2]])]);
  });

  it('gives back what was saved beside it, of its last layer', () => {
    const layers = chainOfThree();
    expect(loadLayers(machine().cpu, layers.slice(0, 2))).toEqual({
      nonce: Uint8Array.of(1, 2, 3),
      streams: [{ id: 4 }],
    });
    expect(loadLayers(machine().cpu, layers)).toBeUndefined();
    expect(loadLayers(machine().cpu, layers.slice(0, 1))).toBeUndefined();
  });

  it('is restored onto a copy of what it was some time before', async () => {
    await fc.assert(
      fc.asyncProperty(writes, writes, writes, async (first, meanwhile, later) => {
        const { cpu, memory } = machine();
        for (const each of first) write(memory, each);
        const copying = copyMemory(systemClock, memory);
        for (const each of meanwhile) write(memory, each);
        const { image, pieces } = await copying;
        for (const each of later) write(memory, each);
        const layer = saveLayer(cpu, { layers: [], image }, { nonce: 1 });
        const there = machine();
        const received = new MemoryImage(pages);
        for (const piece of pieces) received.apply(piece);
        received.writeTo(there.memory);
        expect(loadOnto(there.cpu, layer)).toEqual({ nonce: 1 });
        expect(isEqual(there.memory, memory)).toBe(true);
      }),
    );
  });

  it('writes no page that is zero', () => {
    const layers = chainOfThree();
    const { cpu, memory } = machine();
    // Not zero before, which a machine never is: what is left alone shows.
    memory.fill(0xee);
    loadLayers(cpu, layers);
    expect([0, 1, 2, 3, 4, 5].map((page) => memory[page * pageBytes])).toEqual([0xee, 100, 0xee, 101, 0xee, 5]);
  });
});

describe('a saved machine that is not whole', () => {
  const [whole, middle, last] = chainOfThree() as [ArrayBuffer, ArrayBuffer, ArrayBuffer];

  it.each<[string, ArrayBuffer[], RegExp]>([
    ['without its first layer', [middle], /does not lie on/],
    ['without one between', [whole, last], /does not lie on/],
    ['in another order', [whole, last, middle], /does not lie on/],
    ['with two whole states', [whole, whole], /cannot lie on another/],
    ['on another state', [v86State(machine().memory), middle], /does not lie on/],
    ['without any layer', [], /without layers/],
  ])('is refused %s', (_what, layers, words) => {
    const error = caught(layers);
    expect(error.code).toBe('FailedPrecondition');
    expect(error.message).toMatch(words);
  });

  it('is refused in a machine of another size', () => {
    const { cpu } = machine();
    const larger = { ...cpu, mem8: new Uint8Array(32 * pageBytes) } as Cpu;
    larger.set_state = () => larger.unpack_memory({ view: new Uint8Array(0) }, new Uint8Array(0));
    expect(() => loadLayers(larger, [whole])).toThrow(/has 65536 bytes, the machine has 131072/);
  });

  it('is refused with a typed error when a byte of a header is wrong', () => {
    const flips = (length: number) => fc.tuple(fc.nat(length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(flips(16), flips(32), ([at, flip], [deltaAt, deltaFlip]) => {
        caught([flipped(whole, at, flip)]);
        caught([whole, flipped(middle, deltaAt, deltaFlip)]);
      }),
    );
  });

  it('is refused with a typed error, if at all, whatever byte of its description or maps is wrong', () => {
    const pagesAt = middle.byteLength - pageBytes;
    fc.assert(
      fc.property(fc.nat(pagesAt - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        try {
          loadLayers(machine().cpu, [whole, flipped(middle, at, flip)]);
        } catch (error) {
          expect(error).toBeInstanceOf(SandboxError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('is refused when its end is missing', () => {
    for (const length of [0, 4, 10, 16, 31, 32, 100, middle.byteLength - 1]) {
      caught([whole, middle.slice(0, length)]);
    }
    for (const length of [0, 10, 16, 100, whole.byteLength - 1]) {
      expect(caught([whole.slice(0, length)]).message).toMatch(/Not a saved state/);
    }
  });

  it('says which version wrote it when that is another', () => {
    expect(caught([whole, flipped(middle, 4, 3)])).toMatchObject({
      code: 'FailedPrecondition',
      message: 'A saved state has format 2, this page reads 1',
    });
  });
});

/** Much faster than a deep comparison. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function flipped(layer: ArrayBuffer, at: number, flip: number): ArrayBuffer {
  const bytes = new Uint8Array(layer.slice(0));
  bytes[at] = (bytes[at] ?? 0) ^ flip;
  return bytes.buffer;
}

function caught(layers: readonly ArrayBuffer[]): SandboxError {
  try {
    loadLayers(machine().cpu, layers);
  } catch (error) {
    expect(error).toBeInstanceOf(SandboxError);
    return error as SandboxError;
  }
  throw new Error('It was not refused');
}
