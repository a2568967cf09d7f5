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

/** eth0 to eth3. */
export const nicSlots: readonly DeviceSlot[] = [
  { pciSlot: 0x0d, ioBase: 0x5400, stateIndex: 1 },
  { pciSlot: 0x0e, ioBase: 0x5800, stateIndex: 2 },
  { pciSlot: 0x0f, ioBase: 0x5c00, stateIndex: 3 },
  { pciSlot: 0x10, ioBase: 0x6000, stateIndex: 4 },
];

/** vda to vdd. */
export const diskSlots: readonly DeviceSlot[] = [
  { pciSlot: 0x14, ioBase: 0x6400, stateIndex: 5 },
  { pciSlot: 0x15, ioBase: 0x6800, stateIndex: 6 },
  { pciSlot: 0x16, ioBase: 0x6c00, stateIndex: 7 },
  { pciSlot: 0x17, ioBase: 0x7000, stateIndex: 8 },
];

/** Shares, in the order of the spec. They take less of the I/O ports than the others do. */
export const shareSlots: readonly DeviceSlot[] = [
  { pciSlot: 0x18, ioBase: 0x7400, stateIndex: 9 },
  { pciSlot: 0x19, ioBase: 0x7500, stateIndex: 10 },
  { pciSlot: 0x1a, ioBase: 0x7600, stateIndex: 11 },
  { pciSlot: 0x1b, ioBase: 0x7700, stateIndex: 12 },
];
