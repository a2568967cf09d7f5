import { describe, expect, it } from 'vitest';
import { bootCd, bootDisk, bootFloppy, bootSector } from '../../test/support/boot-disks';
import { mediumSize, mediumSizeMiB, recognizeMedium } from './disk-medium';

const recognize = (bytes: Uint8Array, name = 'some.img') =>
  recognizeMedium(name, bytes.length, async (offset, length) => bytes.subarray(offset, offset + length));

function bytesWith(length: number, parts: Readonly<Record<number, readonly number[] | string>>): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const [offset, part] of Object.entries(parts)) {
    bytes.set(typeof part === 'string' ? Buffer.from(part) : part, Number(offset));
  }
  return bytes;
}

describe('a file that a PC is to start from', () => {
  it.each([
    ['a CD-ROM with a boot record', bootCd(), { drive: 'cdrom', bootable: true, wantsUefi: false }],
    ['a CD-ROM for UEFI alone', bootCd(bootSector(), 'uefi'), { drive: 'cdrom', bootable: false, wantsUefi: true }],
    [
      'a CD-ROM of data',
      bytesWith(40 * 1024, { 32768: '\x01CD001\x01' }),
      { drive: 'cdrom', bootable: false, wantsUefi: false },
    ],
    ['a floppy disk', bootFloppy(), { drive: 'floppy', bootable: true, wantsUefi: false }],
    ['an empty floppy disk', new Uint8Array(737_280), { drive: 'floppy', bootable: false, wantsUefi: false }],
    ['a boot sector', bootSector(), { drive: 'floppy', bootable: true, wantsUefi: false }],
    ['a hard disk', bootDisk(4), { drive: 'disk', bootable: true, wantsUefi: false }],
    [
      'a hard disk with nothing but a GPT',
      bytesWith(4 << 20, { 450: [0xee], 510: [0x55, 0xaa] }),
      { drive: 'disk', bootable: false, wantsUefi: true },
    ],
  ] as const)('is known by what stands in it: %s', async (_, bytes, medium) => {
    expect(await recognize(bytes)).toEqual(medium);
  });

  it.each([
    ['a QCOW2 image', bytesWith(4096, { 0: 'QFI\xfb' }), 'qemu-img convert'],
    ['a VDI image', bytesWith(4096, { 64: [0x7f, 0x10, 0xda, 0xbe] }), 'VDI'],
    ['a gzip file', bytesWith(4096, { 0: [0x1f, 0x8b] }), 'unpack it first'],
    ['an empty file', new Uint8Array(0), 'no disk that a PC reads'],
    ['a text', bytesWith(5000, { 0: 'hello' }), 'no boot signature'],
    ['a sector that is cut off', bootSector().subarray(0, 511), 'no boot signature'],
  ] as const)('is refused with what to do, or what it lacks: %s', async (_, bytes, part) => {
    // QFI\xfb is written as bytes, not as UTF-8.
    const sound = Uint8Array.from(bytes);
    if (part === 'qemu-img convert') sound[3] = 0xfb;
    await expect(recognize(sound)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(part),
    });
  });

  it('reads no more than a few sectors, however large it is', async () => {
    const disk = bootCd();
    let most = 0;
    await recognizeMedium('large.iso', 64 * 2 ** 30, async (offset, length) => {
      most = Math.max(most, length);
      return disk.subarray(offset, offset + length);
    });
    expect(most).toBeLessThanOrEqual(2048);
  });
});

describe('what a machine sees of a file', () => {
  it.each([
    ['floppy', 512, 1_474_560],
    ['floppy', 737_280, 737_280],
    ['floppy', 1_500_000, 1_720_320],
    ['disk', 1000, 1024],
    ['cdrom', 2048, 2048],
  ] as const)('is, of a %s of %d bytes, %d bytes', (drive, bytes, seen) => {
    expect(mediumSize(drive, bytes)).toBe(seen);
    expect(mediumSizeMiB(drive, bytes) * 1024 * 1024).toBeGreaterThanOrEqual(seen);
  });
});
