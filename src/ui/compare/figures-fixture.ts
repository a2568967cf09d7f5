import type { DeviceFigures } from '../../engine/compare/compare-devices';
import type { ServiceFigures } from '../../engine/compare/compare-services';

const parts = [{ reference: 'library/busybox:latest', bytes: 1_000_000, shared: true }];

/** Figures as a run of all three may have them. */
export const serviceFigures: readonly ServiceFigures[] = [
  {
    form: 'vm',
    firstAnswerMs: 1234.5,
    memory: { used: 20 * 1024 * 1024, limit: 64 * 1024 * 1024 },
    parts: [...parts, { reference: 'strata/snapshot:vm-64', bytes: 5_800_000, shared: false }],
    requestsPerSecond: 150.4,
    surface: { kind: 'kernel', calls: 363 },
  },
  {
    form: 'container',
    firstAnswerMs: 210,
    memory: { used: 600 * 1024 },
    parts,
    requestsPerSecond: 140,
    surface: { kind: 'filtered', calls: 317, kernelCalls: 364, allowed: 360 },
  },
  {
    form: 'unikernel',
    firstAnswerMs: 18,
    memory: { used: 640 * 1024, limit: 4 * 1024 * 1024 },
    parts: [{ reference: 'strata/unikernel-httpd:1', bytes: 99_000, shared: false }],
    requestsPerSecond: 2100,
    surface: { kind: 'imports', names: ['solo5.net_read', 'solo5.net_write'] },
  },
];

const transfer = (bytesPerSecond: number, interruptsPerMiB: number) => ({ bytesPerSecond, interruptsPerMiB });

export const deviceFigures: readonly DeviceFigures[] = [
  {
    devices: 'virtio',
    drivers: { disk: 'virtio_blk', net: 'virtio_net' },
    diskWrite: transfer(34e6, 9.1),
    diskRead: transfer(60e6, 8),
    net: transfer(12e6, 40),
  },
  {
    devices: 'emulated',
    drivers: { disk: 'ata_piix', net: 'ne2k-pci' },
    diskWrite: transfer(5e6, 16),
    diskRead: transfer(6e6, 16),
    net: transfer(1e6, 1100),
  },
];
