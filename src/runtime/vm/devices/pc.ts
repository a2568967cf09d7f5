import type { V86 } from 'v86';
import { busOf, type Cpu, hidePciDevice } from '../v86-internals';
import { AcpiPower } from './acpi-power';
import type { DriveBuffer } from './drive-buffer';
import type { PcDrives } from './pc-drives';
import { PcInput } from './pc-input';
import { answerPciHotplug } from './pci-hotplug';
import { VgaScreen } from './vga-screen';

/** PCI slot of the device whose class ours are made of. No guest needs to see it. */
const balloonSlot = 0x0b;

/** What a machine that starts from a BIOS has and one with our kernel has no use for: drives, screen, keyboard, power. */
export class Pc {
  readonly #cpu: Cpu;
  readonly #drives: PcDrives;
  readonly screen: VgaScreen;
  readonly input: PcInput;
  readonly power: AcpiPower;

  constructor(emulator: V86, cpu: Cpu, drives: PcDrives) {
    this.#cpu = cpu;
    this.#drives = drives;
    hidePciDevice(cpu, balloonSlot);
    answerPciHotplug(cpu);
    drives.install(cpu);
    this.screen = new VgaScreen(cpu.devices.vga);
    this.input = new PcInput(busOf(emulator));
    this.power = new AcpiPower(cpu);
  }

  /** In the order of the machine's disks. */
  get disks(): readonly DriveBuffer[] {
    return this.#drives.buffers;
  }

  /** Bytes that the guest has read and written, over all drives. */
  get diskBytes(): { readonly readBytes: number; readonly writtenBytes: number } {
    const sum = (pick: (disk: DriveBuffer) => number): number => this.disks.reduce((all, disk) => all + pick(disk), 0);
    return { readBytes: sum((disk) => disk.readBytes), writtenBytes: sum((disk) => disk.writtenBytes) };
  }

  /** To be called once the disks have their bytes, before the machine boots. */
  async prepareBoot(): Promise<void> {
    await this.#drives.detectGeometry(this.#cpu);
  }
}
