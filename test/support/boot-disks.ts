/**
 * Disks that a PC starts from, with a program of our own in the boot sector. It counts its starts in the disk's second
 * sector (int 13h), says so on the screen (int 10h) and echoes what is typed (int 16h). `G` draws a white line of 80
 * pixels in the middle of mode 13h, `Q` turns the machine off (ACPI), `P` does when the power button is pressed, `B`
 * begins anew.
 */

/**
 * As GNU as (--32, .code16) and ld (-Ttext=0x7c00) make it of:
 *
 *     start:    ljmp $0, $begin
 *     begin:    xorw %ax, %ax; movw %ax, %ds; movw %ax, %es; movw %ax, %ss; movw $0x7c00, %sp; sti; cld
 *               movb %dl, drive; movw $banner, %si; call print
 *               movw $0x0201, %ax; call sector; jc locked; incb 0x7e00
 *               movw $0x0301, %ax; call sector; jc locked
 *               movb 0x7e00, %al; addb $0x30, %al; call teletype; jmp ready
 *     locked:   movw $refused, %si; call print
 *     ready:    movw $newline, %si; call print
 *     keys:     xorb %ah, %ah; int $0x16
 *               cmpb $'G', %al; je graphics; cmpb $'Q', %al; je off; cmpb $'B', %al; je anew; cmpb $'P', %al; je button
 *               cmpb $0x0d, %al; jne shown; call teletype; movb $0x0a, %al
 *     shown:    call teletype; jmp keys
 *     graphics: movw $0x0013, %ax; int $0x10; movw $0xa000, %ax; movw %ax, %es; movw $(320*100+160), %di
 *               movb $0x0f, %al; movw $80, %cx; rep stosb; xorw %ax, %ax; movw %ax, %es; jmp keys
 *     button:   movw $0xb002, %dx; movw $0x0100, %ax; outw %ax, %dx; movb $'!', %al; call teletype
 *               movw $0xb000, %dx
 *     pressed:  inw %dx, %ax; testb $1, %ah; jz pressed
 *     off:      movw $0xb004, %dx; movw $0x2000, %ax; outw %ax, %dx; jmp keys
 *     anew:     movb $0xfe, %al; outb %al, $0x64; hlt
 *     sector:   movw $0x7e00, %bx; movw $0x0002, %cx; movb $0, %dh; movb drive, %dl; int $0x13; ret
 *     print:    lodsb; orb %al, %al; jz printed; call teletype; jmp print
 *     printed:  ret
 *     teletype: movb $0x0e, %ah; movw $0x0007, %bx; int $0x10; ret
 *     drive:    .byte 0
 *     banner:   .asciz "Strata boot sector. Start "
 *     refused:  .asciz "(read-only)"
 *     newline:  .asciz ".\r\n> "
 */
const program =
  'ea057c000031c08ed88ec08ed0bc007cfbfc8816c77cbec87ce89800b80102e883007216fe06007eb80103e87700720aa0007e0430e88700eb06bee3' +
  '7ce87400beef7ce86e0030e4cd163c47741a3c5174453c42744a3c5074283c0d7505e85e00b00ae85900ebdeb81300cd10b800a08ec0bfa07db00fb9' +
  '5000f3aa31c08ec0ebc4ba02b0b80001efb021e83100ba00b0edf6c40174faba04b0b80020efeba6b0fee664f4bb007eb90200b6008a16c77ccd13c3' +
  'ac08c07405e80300ebf6c3b40ebb0700cd10c30053747261746120626f6f7420736563746f722e205374617274200028726561642d6f6e6c7929002e' +
  '0d0a3e20';

const sectorBytes = 512;
const cdSectorBytes = 2048;

/**
 * Tells what the registers of hotplug hold, `Plugs 0` for nothing. As above, of:
 *
 *     movw $0x0e00+'P', %ax; movw $0x0007, %bx; int $0x10 (and so on); xorl %esi, %esi
 *     movw $0xae00, %dx; inl %dx, %eax; orl %eax, %esi (and 0xae04, 0xae0c)
 *     testl %esi, %esi; movw $0x0e30, %ax; jz zero; incw %ax
 *     zero: int $0x10; hang: hlt; jmp hang
 */
const hotplugProgram =
  [...'Plugs '].map((letter) => `b8${letter.charCodeAt(0).toString(16)}0ebb0700cd10`).join('') +
  '6631f6ba00ae66ed6609c6ba04ae66ed6609c6ba0cae66ed6609c66685f6b8300e740140cd10f4ebfd';

/** A file that nothing but a PC starts. */
export function bootSector(): Uint8Array<ArrayBuffer> {
  return sectorOf(program);
}

/** Says `Plugs 0` where no device is said to come or go. */
export function hotplugSector(): Uint8Array<ArrayBuffer> {
  return sectorOf(hotplugProgram);
}

function sectorOf(code: string): Uint8Array<ArrayBuffer> {
  const sector = new Uint8Array(sectorBytes);
  sector.set(Buffer.from(code, 'hex'));
  sector.set([0x55, 0xaa], sectorBytes - 2);
  return sector;
}

/** 1.44 MB. */
export function bootFloppy(): Uint8Array<ArrayBuffer> {
  return onDisk(1_474_560);
}

/** A hard disk without partitions. */
export function bootDisk(sizeMiB = 4): Uint8Array<ArrayBuffer> {
  return onDisk(sizeMiB * 1024 * 1024);
}

/**
 * A CD-ROM that is started without emulation of another disk (El Torito 1.0; ECMA-119 for what is around it): sector 16 has
 * the primary volume descriptor, 17 the boot record, 18 the end of the descriptors, 19 the catalog, `firstSector` the program.
 */
export function bootCd(image: Uint8Array = bootSector(), platform: 'bios' | 'uefi' = 'bios'): Uint8Array<ArrayBuffer> {
  const firstSector = 20;
  const sectors = firstSector + Math.ceil(image.length / cdSectorBytes) + 1;
  const disk = new Uint8Array(sectors * cdSectorBytes);
  const put = (sector: number, offset: number, bytes: ArrayLike<number>): void =>
    disk.set(bytes, sector * cdSectorBytes + offset);
  for (const [sector, type] of [
    [16, 1],
    [17, 0],
    [18, 255],
  ] as const) {
    put(sector, 0, [type, ...Buffer.from('CD001'), 1]);
  }
  put(16, 40, Buffer.from('STRATA'.padEnd(32)));
  put(17, 7, Buffer.from('EL TORITO SPECIFICATION'));
  put(17, 0x47, littleEndian(19, 4));
  put(19, 0, validationEntry(platform === 'bios' ? 0 : 0xef));
  const imageSectors = Math.ceil(image.length / sectorBytes);
  // Bootable, no emulation, usual segment, sectors of 512 bytes to load, where it begins.
  put(19, 32, [0x88, 0, 0, 0, 0, 0, ...littleEndian(imageSectors, 2), ...littleEndian(firstSector, 4)]);
  put(firstSector, 0, image);
  return disk;
}

function validationEntry(platform: number): Uint8Array {
  const entry = new Uint8Array(32);
  entry.set([1, platform]);
  entry.set([0x55, 0xaa], 30);
  const words = new DataView(entry.buffer);
  let sum = 0;
  for (let at = 0; at < entry.length; at += 2) sum += words.getUint16(at, true);
  words.setUint16(28, -sum & 0xffff, true);
  return entry;
}

function onDisk(bytes: number): Uint8Array<ArrayBuffer> {
  const disk = new Uint8Array(bytes);
  disk.set(bootSector());
  return disk;
}

function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => (value >> (8 * index)) & 0xff);
}
