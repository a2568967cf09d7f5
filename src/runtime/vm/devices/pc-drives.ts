import type { DriveKind } from '../../../api/disk';
import type { FirmwareConfig } from '../../../api/machine';
import type { Cpu, DriveMedium, IdeDrive } from '../v86-internals';
import { DriveBuffer } from './drive-buffer';

/** Names of v86's drives, by what they take, in the order in which they are filled. */
const drivesOf = { floppy: ['fda', 'fdb'], disk: ['hda', 'hdb'], cdrom: ['cdrom'] } as const;

type DriveName = (typeof drivesOf)[DriveKind][number];

/** ATA commands (ATA/ATAPI-7, 6.14 and 6.15) that ask for what was written to be durable. */
const flushCommands: ReadonlySet<number> = new Set([0xe7, 0xea]);

/** Bits of an IDE drive's status, and what it says of a sector that cannot be read (ATA/ATAPI-7, 5.9 and 5.11). */
const status = { busy: 0x80, ready: 0x40, seekComplete: 0x10, error: 0x01 } as const;
const uncorrectable = 0x40;
/** Of the bus master (PCI IDE controller specification 1.0): it moves bytes; something went wrong. */
const dma = { active: 0x01, error: 0x02 } as const;

/** Nibbles of v86's boot order, as the BIOS reads them from the CMOS. */
const bootCodes: Readonly<Record<DriveKind, number>> = { floppy: 1, disk: 2, cdrom: 3 };

interface NamedDrive {
  readonly name: DriveName;
  readonly buffer: DriveBuffer;
}

/** The emulated drives of a machine that starts from them: two floppy disks, two hard disks, one CD-ROM. */
export class PcDrives {
  readonly #named: readonly NamedDrive[];
  readonly #firmware: FirmwareConfig;
  /** In the order of the machine's disks. */
  readonly buffers: readonly DriveBuffer[];

  /** What has no drive to go into was refused before (`vm-driver.ts`). */
  constructor(firmware: FirmwareConfig) {
    this.#firmware = firmware;
    const free = { floppy: [...drivesOf.floppy], disk: [...drivesOf.disk], cdrom: [...drivesOf.cdrom] };
    this.#named = firmware.drives.map(({ kind, sizeBytes }) => {
      const name = free[kind].shift();
      if (name === undefined) throw new RangeError(`No drive is left for a ${kind}`);
      return { name, buffer: new DriveBuffer(sizeBytes) };
    });
    this.buffers = this.#named.map(({ buffer }) => buffer);
  }

  /** What v86 is made with. */
  options(): Readonly<Record<string, unknown>> {
    const order = this.#firmware.boot.map((kind) => bootCodes[kind]);
    return {
      ...Object.fromEntries(this.#named.map(({ name, buffer }) => [name, buffer])),
      // The first in the lowest nibble.
      boot_order: order.reduceRight((code, next) => (code << 4) | next, 0),
    };
  }

  /** Joins the drives to what v86 made of them. */
  install({ devices }: Cpu): void {
    for (const { name, buffer } of this.#named) {
      const drive = ideDrive(devices, name);
      if (!drive) continue;
      awaitFlushes(drive);
      buffer.failures(() => failRequest(drive));
    }
  }

  /** Before the machine boots: the BIOS is told the geometry that a disk was written with. */
  async detectGeometry({ devices }: Cpu): Promise<void> {
    for (const { name, buffer } of this.#named) {
      if (name !== 'hda' && name !== 'hdb') continue;
      await buffer.readFirstSector();
      ideDrive(devices, name)?.set_disk_buffer(buffer);
    }
  }
}

function ideDrive({ ide }: Cpu['devices'], name: DriveName): IdeDrive | undefined {
  if (name === 'hda') return ide.primary?.master;
  if (name === 'hdb') return ide.primary?.slave;
  return name === 'cdrom' ? ide.secondary?.master : undefined;
}

/** Drives of v86 whose flush is answered when it has been done; they are sealed, so it is their class that is changed. */
const patched = new WeakSet<object>();

/** v86 answers a flush at once. Here it is answered when the store has all that was written before. */
function awaitFlushes(drive: IdeDrive): void {
  const shared = Object.getPrototypeOf(drive) as IdeDrive;
  if (patched.has(shared)) return;
  patched.add(shared);
  const run = shared.ata_command;
  shared.ata_command = function (this: IdeDrive, command: number): void {
    const medium = this.buffer as DriveMedium | null;
    if (!flushCommands.has(command) || !(medium instanceof DriveBuffer)) {
      run.call(this, command);
      return;
    }
    this.status_reg = status.busy | status.ready;
    medium.flush(() => run.call(this, command));
  };
}

/** What the drive was asked for cannot be had: an error that the guest sees at once, instead of a drive that is silent. */
function failRequest(drive: IdeDrive): void {
  drive.status_reg = status.ready | status.seekComplete | status.error;
  drive.error_reg = uncorrectable;
  drive.current_command = -1;
  drive.channel.dma_status = (drive.channel.dma_status & ~dma.active) | dma.error;
  drive.push_irq();
}
