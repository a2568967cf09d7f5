import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import { loadSavedState } from './saved-state';
import type { Cpu } from './v86-internals';

const pageBytes = 4096;

/** A state in v86's format: some pages of memory, a register, a map. */
function stateOf(pages: readonly number[], memoryPages = 16): ArrayBuffer {
  const bitmap = new Uint8Array(memoryPages >> 3);
  const packed = new Uint8Array(pages.length * pageBytes);
  for (const [index, page] of pages.entries()) {
    bitmap[page >> 3] = (bitmap[page >> 3] ?? 0) | (1 << (page & 7));
    packed.fill(page + 1, index * pageBytes, (index + 1) * pageBytes);
  }
  const registers = new Uint8Array(Int32Array.of(7, -8).buffer);
  const buffers = [bitmap, packed, registers];
  let offset = 0;
  const infos = buffers.map((buffer) => {
    const info = { offset, length: buffer.length };
    offset = (offset + buffer.length + 3) & ~3;
    return info;
  });
  const tagged = (type: string, id: number) => ({ __state_type__: type, buffer_id: id });
  const state = [
    tagged('Uint8Array', 0),
    tagged('Uint8Array', 1),
    [tagged('Int32Array', 2), null, 5],
    { __state_type__: 'Map', args: [[1, 2]] },
  ];
  const info = new TextEncoder().encode(JSON.stringify({ buffer_infos: infos, state }));
  const at = (16 + info.length + 3) & ~3;
  const whole = new Uint8Array(at + offset);
  new Uint32Array(whole.buffer, 0, 4).set([0x86768676, 6, whole.length, info.length]);
  whole.set(info, 16);
  for (const [index, buffer] of buffers.entries()) whole.set(buffer, at + (infos[index]?.offset ?? 0));
  return whole.buffer;
}

/** A machine of 16 pages that takes a state as v86's does. */
function machine() {
  const seen: { state?: unknown[] } = {};
  const cpu = {
    mem8: new Uint8Array(16 * pageBytes),
    get_state: () => [],
    set_state(state: unknown[]) {
      seen.state = state;
      cpu.unpack_memory({ view: state[0] as Uint8Array }, state[1] as Uint8Array);
    },
    unpack_memory: (() => {}) as Cpu['unpack_memory'],
  };
  return { cpu: cpu as unknown as Cpu, memory: cpu.mem8, seen };
}

describe('a saved state', () => {
  it('puts every saved page where it belongs and leaves the others alone', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(15)), (chosen) => {
        const pages = [...chosen].sort((a, b) => a - b);
        const { cpu, memory } = machine();
        loadSavedState(cpu, stateOf(pages));
        for (let page = 0; page < 16; page += 1) {
          expect(memory[page * pageBytes]).toBe(pages.includes(page) ? page + 1 : 0);
          expect(memory[(page + 1) * pageBytes - 1]).toBe(pages.includes(page) ? page + 1 : 0);
        }
      }),
    );
  });

  it('revives arrays, maps and plain values', () => {
    const { cpu, seen } = machine();
    loadSavedState(cpu, stateOf([3]));
    expect(seen.state?.[2]).toEqual([Int32Array.of(7, -8), null, 5]);
    expect(seen.state?.[3]).toEqual(new Map([[1, 2]]));
  });

  it('is refused with a typed error when a header byte is wrong or the end is missing', () => {
    const good = new Uint8Array(stateOf([1, 2]));
    fc.assert(
      fc.property(fc.nat(15), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = good.slice();
        bad[at] = (bad[at] ?? 0) ^ flip;
        expect(() => loadSavedState(machine().cpu, bad.buffer)).toThrow(SandboxError);
      }),
    );
    for (const length of [0, 10, 16, 100, good.length - 1]) {
      expect(() => loadSavedState(machine().cpu, good.slice(0, length).buffer)).toThrow(/Not a saved state/);
    }
  });

  it('is refused when its pages do not match its map', () => {
    const { cpu } = machine();
    const state = new Uint8Array(stateOf([1, 2]));
    // The bitmap is the first buffer, right behind the description.
    const at = (16 + (new Uint32Array(state.buffer, 12, 1)[0] ?? 0) + 3) & ~3;
    state[at] = 0b10;
    expect(() => loadSavedState(cpu, state.buffer)).toThrow(/pages do not match/);
  });
});
