import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../src/base/errors';
import { clearKernelLeftovers } from './clear-leftovers';

const pageBytes = 4096;
const setupBytes = 512 * 2;

/** One setup sector after the boot sector, then the pages that go to 1 MiB, page n filled with n + 1. */
function createKernel(pages: number): Uint8Array {
  const kernel = new Uint8Array(setupBytes + pages * pageBytes);
  kernel[0x1f1] = 1;
  for (let page = 0; page < pages; page += 1) {
    kernel.fill(page + 1, setupBytes + page * pageBytes, setupBytes + (page + 1) * pageBytes);
  }
  return kernel;
}

/** A state in v86's form with nothing but RAM: pages by number, each filled with one byte. */
function createState(pages: ReadonlyMap<number, number>): ArrayBuffer {
  const bitmap = new Uint8Array(64);
  const packed = new Uint8Array(pages.size * pageBytes);
  for (const [index, [page, fill]] of [...pages].entries()) {
    bitmap[page >> 3]! |= 1 << (page & 7);
    packed.fill(fill, index * pageBytes, (index + 1) * pageBytes);
  }
  const state = Array.from({ length: 79 }, () => null as object | null);
  state[77] = { __state_type__: 'Uint8Array', buffer_id: 0 };
  state[78] = { __state_type__: 'Uint8Array', buffer_id: 1 };
  const buffer_infos = [
    { offset: 0, length: packed.length },
    { offset: packed.length, length: bitmap.length },
  ];
  const info = Buffer.from(JSON.stringify({ buffer_infos, state }));
  const header = Buffer.from(new Uint32Array([0x86768676, 6, 0, info.length]).buffer);
  const padding = Buffer.alloc((4 - (info.length % 4)) % 4);
  return Uint8Array.from(Buffer.concat([header, info, padding, packed, bitmap])).buffer;
}

function pageFills(state: ArrayBuffer, pages: number): readonly number[] {
  const end = state.byteLength - 64;
  return Array.from({ length: pages }, (_, index) => {
    const start = end - (pages - index) * pageBytes;
    return new Set(new Uint8Array(state, start, pageBytes)).size === 1
      ? (new Uint8Array(state, start, 1)[0] ?? -1)
      : -1;
  });
}

describe('clearKernelLeftovers', () => {
  it('clears pages that are still the image, and no others', () => {
    const pages = new Map([
      [3, 1], // Below the image, with the bytes of its first page.
      [256, 1], // The image's first page.
      [257, 9], // In use by now.
      [258, 3], // Its third page.
      [300, 1], // Beyond its end.
    ]);
    const state = createState(pages);
    expect(clearKernelLeftovers(state, createKernel(3))).toBe(2);
    expect(pageFills(state, 5)).toEqual([1, 0, 9, 0, 1]);
  });

  it('leaves a page alone that differs in its last byte', () => {
    const state = createState(new Map([[256, 1]]));
    new Uint8Array(state)[state.byteLength - 64 - 1] = 2;
    expect(clearKernelLeftovers(state, createKernel(1))).toBe(0);
  });

  it('says so when the state has another form', () => {
    const info = Buffer.from(JSON.stringify({ buffer_infos: [], state: [] }));
    const header = Buffer.from(new Uint32Array([0x86768676, 6, 0, info.length]).buffer);
    const state = Uint8Array.from(Buffer.concat([header, info])).buffer;
    expect(() => clearKernelLeftovers(state, createKernel(1))).toThrow(SandboxError);
  });
});
