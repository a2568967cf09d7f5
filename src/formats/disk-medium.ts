import type { DriveKind } from '../api/disk';
import { SandboxError } from '../base/errors';

/** Bytes of a file that is not read into memory as a whole; fewer at its end. */
export type ReadBytes = (offset: number, length: number) => Promise<Uint8Array>;

/** What a user's file is, as far as a machine with a BIOS goes. */
export interface DiskMedium {
  readonly drive: DriveKind;
  /** Whether a BIOS finds something there to start; a disk without may still be a machine's second. */
  readonly bootable: boolean;
  /** Only a firmware that this machine does not have (UEFI) would start from it. */
  readonly wantsUefi: boolean;
}

const sectorBytes = 512;
const cdSectorBytes = 2048;

/** Bytes of the floppy disks that a PC's controller knows, ascending: 160, 180, 320, 360, 720 KB, 1.2, 1.44, 1.68, 2.88 MB. */
const floppyBytes: readonly number[] = [
  163_840, 184_320, 327_680, 368_640, 737_280, 1_228_800, 1_474_560, 1_720_320, 2_949_120,
];
/** What a few sectors without a disk around them are put on. */
const usualFloppyBytes = 1_474_560;

/** Beginnings of files that hold a disk in another form, and what turns them into a plain one. */
const otherForms: readonly { readonly name: string; readonly offset?: number; readonly magic: readonly number[] }[] = [
  { name: 'a QCOW2 image', magic: [0x51, 0x46, 0x49, 0xfb] },
  { name: 'a VMDK image', magic: [0x4b, 0x44, 0x4d, 0x56] },
  { name: 'a VMDK description', magic: bytesOf('# Disk DescriptorFile') },
  { name: 'a VDI image', offset: 0x40, magic: [0x7f, 0x10, 0xda, 0xbe] },
  { name: 'a VHD image', magic: bytesOf('conectix') },
  { name: 'a VHDX image', magic: bytesOf('vhdxfile') },
];
const packedForms: typeof otherForms = [
  { name: 'gzip', magic: [0x1f, 0x8b] },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { name: 'bzip2', magic: bytesOf('BZh') },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: 'zip', magic: [0x50, 0x4b, 0x03, 0x04] },
  { name: '7z', magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c] },
];

/** What a machine sees of a file of so many bytes: a floppy disk has one of a few sizes, others have whole sectors. */
export function mediumSize(drive: DriveKind, bytes: number): number {
  if (drive !== 'floppy') return Math.ceil(bytes / sectorBytes) * sectorBytes;
  if (floppyBytes.includes(bytes)) return bytes;
  return bytes < usualFloppyBytes ? usualFloppyBytes : (floppyBytes.find((size) => size >= bytes) ?? bytes);
}

/** A disk of ours that such a medium fits on. */
export function mediumSizeMiB(drive: DriveKind, bytes: number): number {
  return Math.max(1, Math.ceil(mediumSize(drive, bytes) / (1024 * 1024)));
}

/**
 * Tells what a file is by what stands in it, not by its name. `InvalidArgument` for what is no disk, and for a disk in a
 * form that has to be unpacked or converted first.
 */
export async function recognizeMedium(name: string, sizeBytes: number, read: ReadBytes): Promise<DiskMedium> {
  const head = await read(0, sectorBytes);
  refuseOtherForms(name, head);
  if (await isIso(read)) return recognizeCd(read);
  const signed = head.length === sectorBytes && head[510] === 0x55 && head[511] === 0xaa;
  if (floppyBytes.includes(sizeBytes)) return { drive: 'floppy', bootable: signed, wantsUefi: false };
  if (!signed) {
    const lacks = 'it has no ISO 9660 file system, no boot signature, and not the size of a floppy disk';
    throw new SandboxError('InvalidArgument', `${name} is no disk that a PC reads: ${lacks}`, {
      details: { sizeBytes },
    });
  }
  if (sizeBytes < usualFloppyBytes) return { drive: 'floppy', bootable: true, wantsUefi: false };
  const hasLoader = head.subarray(0, 440).some((byte) => byte !== 0);
  return { drive: 'disk', bootable: hasLoader, wantsUefi: !hasLoader && isProtective(head) };
}

function refuseOtherForms(name: string, head: Uint8Array): void {
  const found = otherForms.find((form) => begins(head, form.magic, form.offset));
  if (found) {
    const advice = 'make a raw disk of it first (qemu-img convert -O raw)';
    throw new SandboxError('InvalidArgument', `${name} is ${found.name}, which is not read here: ${advice}`);
  }
  const packed = packedForms.find((form) => begins(head, form.magic));
  if (packed) {
    throw new SandboxError('InvalidArgument', `${name} is packed with ${packed.name}: unpack it first`);
  }
}

/** ECMA-119, 8.4: the first volume descriptor is in sector 16. */
async function isIso(read: ReadBytes): Promise<boolean> {
  return begins(await read(16 * cdSectorBytes, 8), bytesOf('CD001'), 1);
}

/** El Torito 1.0, chapter 2: the boot record in sector 17 tells where the catalog of boot images is. */
async function recognizeCd(read: ReadBytes): Promise<DiskMedium> {
  const record = await read(17 * cdSectorBytes, 80);
  const isRecord = begins(record, [0, ...bytesOf('CD001')]) && begins(record, bytesOf('EL TORITO SPECIFICATION'), 7);
  if (!isRecord) return { drive: 'cdrom', bootable: false, wantsUefi: false };
  const catalogSector = new DataView(record.buffer, record.byteOffset).getUint32(0x47, true);
  const catalog = await read(catalogSector * cdSectorBytes, cdSectorBytes);
  const [header, platform, first] = [catalog[0], catalog[1], catalog[32]];
  const forBios = header === 1 && platform === 0 && first === 0x88;
  return { drive: 'cdrom', bootable: forBios, wantsUefi: !forBios && header === 1 && platform === 0xef };
}

/** A partition table that only says that a newer one (GPT) has the disk. */
function isProtective(head: Uint8Array): boolean {
  return head[446 + 4] === 0xee;
}

function begins(bytes: Uint8Array, magic: readonly number[], offset = 0): boolean {
  return bytes.length >= offset + magic.length && magic.every((byte, index) => bytes[offset + index] === byte);
}

function bytesOf(text: string): readonly number[] {
  return [...new TextEncoder().encode(text)];
}
