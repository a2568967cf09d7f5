import { describe, expect, it } from 'vitest';
import { countInterrupts } from './interrupts';

/** As a guest of ours prints it. */
const table = `           CPU0
  0:         28    XT-PIC      timer
  4:        102    XT-PIC      ttyS0
  9:       4100    XT-PIC      virtio0, virtio12
 10:        731    XT-PIC      eth0
 14:         57    XT-PIC      ata_piix
 15:          3    XT-PIC      ata_piix
NMI:          0   Non-maskable interrupts
ERR:          0
`;

describe('the interrupts of a device', () => {
  it.each([
    ['of a line of its own', 'eth0', 731],
    ['of a line that several share', 'virtio12', 4100],
    ['over all of its lines', 'ata_piix', 60],
    ['of a name that another begins with', 'virtio1', 0],
    ['of nobody', 'eth1', 0],
  ])('are those %s', (_what, device, count) => {
    expect(countInterrupts(table, device)).toBe(count);
  });
});
