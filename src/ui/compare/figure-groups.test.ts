import { describe, expect, it } from 'vitest';
import { deviceGroups, serviceGroups } from './figure-groups';
import { deviceFigures, serviceFigures } from './figures-fixture';
import { figuresAsCsv, figuresAsMarkdown } from './write-figures';

const services = serviceGroups(new Map(serviceFigures.map((each) => [each.form, each])));
const devices = deviceGroups(new Map(deviceFigures.map((each) => [each.devices, each])));

describe('the figures of a comparison', () => {
  it('have their method, and of each what is compared in the same order', () => {
    for (const { method, rows } of services) {
      expect(method.length).toBeGreaterThan(40);
      expect(rows.map(({ label }) => label)).toEqual(['VM', 'Container', 'Unikernel']);
    }
    expect(services.map(({ rows }) => rows.map(({ shown }) => shown))).toEqual([
      ['1.23 s', '210 ms', '18 ms'],
      ['20 MB', '0.6 MB', '0.6 MB'],
      ['6.8 MB', '1.0 MB', '99 kB'],
      ['150/s', '140/s', '2,100/s'],
      ['363 calls', '317 calls', '2 imports'],
    ]);
    expect(services[4]?.rows[1]?.detail).toBe(
      'of the 364 of its host’s kernel; the seccomp filter names 360, some of them of other kernels',
    );
  });

  it('have interrupts beside the throughput of devices', () => {
    expect(devices.map(({ label, rows }) => [label, ...rows.map(({ shown }) => shown)])).toEqual([
      ['Writing to a disk', '34.0 MB/s', '5.0 MB/s'],
      ['Writing to a disk: interrupts', '9.1 for each MiB', '16 for each MiB'],
      ['Reading from a disk', '60.0 MB/s', '6.0 MB/s'],
      ['Reading from a disk: interrupts', '8.0 for each MiB', '16 for each MiB'],
      ['Sending by a network card', '12.0 MB/s', '1.0 MB/s'],
      ['Sending by a network card: interrupts', '40 for each MiB', '1,100 for each MiB'],
    ]);
  });

  it('are of those alone that were measured', () => {
    const [vm] = serviceFigures;
    expect(serviceGroups(new Map(vm && [['vm', vm]]))[0]?.rows).toHaveLength(1);
    expect(serviceGroups(new Map()).flatMap(({ rows }) => rows)).toEqual([]);
  });
});

describe('figures that are copied', () => {
  it('are a table in Markdown, with the methods below', () => {
    const lines = figuresAsMarkdown('Devices', devices, 'Measured today').split('\n');
    expect(lines.slice(0, 5)).toEqual([
      '## Devices',
      '',
      '|  | virtio | Emulated |',
      '| --- | --- | --- |',
      '| Writing to a disk | 34.0 MB/s; driver virtio_blk | 5.0 MB/s; driver ata_piix |',
    ]);
    expect(lines.filter((line) => line.startsWith('- '))).toHaveLength(devices.length);
    expect(lines.at(-2)).toBe('Measured today');
  });

  it('are a line for each value in CSV, with what a spreadsheet needs in quotes', () => {
    const lines = figuresAsCsv(services).split('\r\n');
    expect(lines[0]).toBe('Figure,As,Value,Unit,Detail');
    expect(lines[1]).toBe('Time to the first answer,VM,1234.5,ms,');
    expect(lines).toContain(
      'System calls or imports that it may use,Unikernel,2,calls,"solo5.net_read, solo5.net_write"',
    );
    expect(lines).toHaveLength(1 + 5 * 3 + 1);
  });
});
