import { SandboxError } from '../../src/base/errors';

/** Where v86 puts the part of a bzImage that runs in protected mode (its src/kernel.js). */
const loadAddress = 0x10_0000;
/** Offset of `setup_sects` in a bzImage (the kernel's Documentation/x86/boot.rst), and its meaning when zero. */
const setupSectorsOffset = 0x1f1;
const defaultSetupSectors = 4;
const sectorBytes = 512;
const pageBytes = 4096;

/** Places in v86's state of the packed pages of RAM and of their bitmap (its src/cpu.js, get_state). */
const packedPagesIndex = 77;
const pageBitmapIndex = 78;
const headerBytes = 16;

interface StateInfo {
  readonly buffer_infos: readonly { readonly offset: number; readonly length: number }[];
  readonly state: readonly ({ readonly buffer_id?: number } | null)[];
}

/**
 * Writes zeros over what is left of the compressed kernel in the RAM of a saved state, in place, and returns how
 * many pages that were. After it has unpacked itself the kernel never touches this copy again, and the agent's TRIM
 * cannot reach the last megabytes of free memory, which are just these: a third of the compressed snapshot.
 *
 * Only a page that still equals the image byte for byte, where the image was loaded, is cleared. Nothing that is in
 * use can look like that.
 */
export function clearKernelLeftovers(state: ArrayBuffer, kernel: Uint8Array): number {
  const { packed, bitmap } = findPages(state);
  const image = kernel.subarray(((kernel[setupSectorsOffset] || defaultSetupSectors) + 1) * sectorBytes);
  const firstPage = loadAddress / pageBytes;
  let cleared = 0;
  let packedIndex = 0;
  for (let page = 0; page < bitmap.length * 8; page += 1) {
    if ((((bitmap[page >> 3] ?? 0) >> (page & 7)) & 1) === 0) continue;
    const saved = packed.subarray(packedIndex * pageBytes, (packedIndex + 1) * pageBytes);
    packedIndex += 1;
    const offset = (page - firstPage) * pageBytes;
    if (offset < 0 || offset + pageBytes > image.length) continue;
    if (Buffer.compare(saved, image.subarray(offset, offset + pageBytes)) !== 0) continue;
    saved.fill(0);
    cleared += 1;
  }
  return cleared;
}

function findPages(state: ArrayBuffer): { readonly packed: Uint8Array; readonly bitmap: Uint8Array } {
  const infoBytes = new DataView(state).getUint32(12, true);
  const info = JSON.parse(Buffer.from(state, headerBytes, infoBytes).toString('utf8')) as StateInfo;
  const buffersAt = (headerBytes + infoBytes + 3) & ~3;
  const view = (index: number): Uint8Array => {
    const place = info.buffer_infos[info.state[index]?.buffer_id ?? -1];
    if (!place) throw new SandboxError('FailedPrecondition', `v86's state has no buffer at ${index}: its form changed`);
    return new Uint8Array(state, buffersAt + place.offset, place.length);
  };
  return { packed: view(packedPagesIndex), bitmap: view(pageBitmapIndex) };
}
