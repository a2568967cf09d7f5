import { Emitter } from '../../../base/events';
import type { Acpi, Cpu } from '../v86-internals';

/** Registers of the ACPI specification (6.1, 4.8.3) as v86 has them. */
const controlPort = 0xb004;
const powerButton = 1 << 8;
const sleepEnable = 1 << 13;
/** Sleep type of "soft off" in the tables that SeaBIOS writes for this chipset. */
const softOff = 0;
const sleepTypeShift = 10;
const sleepTypeMask = 7;

/** The interrupt of power management (the FADT's SCI_INT). */
const interrupt = 9;

/** The machine's power button, and the switch by which a guest turns it off; v86 has neither. */
export class AcpiPower {
  readonly #cpu: Cpu;
  readonly #turnedOff = new Emitter<void>();
  readonly turnedOff = this.#turnedOff.event;

  constructor(cpu: Cpu) {
    this.#cpu = cpu;
    const { acpi } = cpu.devices;
    cpu.io.register_write(controlPort, acpi, undefined, (value) => this.#control(acpi, value));
  }

  /** False: nothing in the guest listens to it. */
  press(): boolean {
    const { acpi } = this.#cpu.devices;
    if ((acpi.pm1_enable & powerButton) === 0) return false;
    acpi.pm1_status |= powerButton;
    this.#cpu.device_raise_irq(interrupt);
    return true;
  }

  #control(acpi: Acpi, value: number): void {
    acpi.status = value & ~sleepEnable;
    const type = (value >> sleepTypeShift) & sleepTypeMask;
    if (value & sleepEnable && type === softOff) this.#turnedOff.fire();
  }
}
