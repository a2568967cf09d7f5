/**
 * Where our devices sit in the machine. I/O ports stay within 0x5000 to 0x7fff, which SeaBIOS never hands
 * out: it moves BARs from 0xc000 up, and the code that moves them wipes the old range. The PCI slots are
 * those v86 leaves free. Changing any of these makes saved states unusable.
 */
export interface DeviceSlot {
  readonly pciSlot: number;
  readonly ioBase: number;
  /** Place in the machine's saved state. */
  readonly stateIndex: number;
}

export const serialSlot: DeviceSlot = { pciSlot: 0x0c, ioBase: 0x5000, stateIndex: 0 };

/** One NIC for now; further ones follow at 0x0e, 0x5800 and so on. */
export const nicSlot: DeviceSlot = { pciSlot: 0x0d, ioBase: 0x5400, stateIndex: 1 };
