import type { Cpu } from '../v86-internals';

/**
 * Where SeaBIOS and its tables for this chipset look for hotplug (QEMU, docs/specs/acpi_pci_hotplug.rst): a bit for each
 * slot that something came to, for each that is to be emptied, and for each that may be.
 */
const registers = [0xae00, 0xae04, 0xae0c] as const;

/**
 * Says that no device comes or goes. v86 has no such registers, and a port that nothing is behind reads as ones: a Linux
 * with support for ACPI's hotplug then takes all its devices for pulled out, and has neither disks nor cards.
 */
export function answerPciHotplug({ devices, io }: Pick<Cpu, 'devices' | 'io'>): void {
  const none = (): number => 0;
  for (const port of registers) io.register_read(port, devices.acpi, undefined, undefined, none);
}
