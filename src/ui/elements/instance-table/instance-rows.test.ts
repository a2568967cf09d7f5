import { describe, expect, it } from 'vitest';
import type { InstanceRecord } from '../../../engine/instance-record';
import type { StatSeries } from '../../series';
import { type Column, instanceRows } from './instance-rows';

const record = (name: string, address: string, phase: 'running' | 'stopped' = 'running'): InstanceRecord => ({
  id: name,
  name,
  spec: { kind: 'vm', name, memoryMiB: 64, devices: 'virtio', containerHost: false },
  abilities: new Set(),
  state: { phase, since: 0 },
  ports: [],
  nics: [{ instance: name, nic: 0, network: 'default', mac: '02:00:00:00:00:01', address }],
  ...(phase === 'running' && { runningSince: 1000 }),
});

const series = (cpu: number): StatSeries =>
  ({ points: [{ cpu, memory: 1, received: 2, sent: 3 }], last: {} }) as unknown as StatSeries;

const records = [record('vm-10', '10.0.0.10'), record('vm-9', '10.0.0.9'), record('db', '10.0.0.2', 'stopped')];
const stats = new Map([
  ['vm-10', series(0.2)],
  ['vm-9', series(0.9)],
  ['db', series(0.5)],
]);
const names = (column: Column, descending = false, filter = ''): string[] =>
  instanceRows(records, stats, 5000, { column, descending }, filter).map((row) => row.record.name);

describe('rows of machines', () => {
  it.each([
    ['name', false, ['db', 'vm-9', 'vm-10']],
    ['name', true, ['vm-10', 'vm-9', 'db']],
    ['cpu', true, ['vm-9', 'vm-10', 'db']],
    ['address', false, ['db', 'vm-9', 'vm-10']],
    ['state', false, ['vm-9', 'vm-10', 'db']],
    ['uptime', true, ['vm-9', 'vm-10', 'db']],
  ] as const)('by %s, descending %s', (column, descending, expected) => {
    expect(names(column, descending)).toEqual(expected);
  });

  it('are found by name and by address', () => {
    expect(names('name', false, 'VM-1')).toEqual(['vm-10']);
    expect(names('name', false, '0.2')).toEqual(['db']);
    expect(names('name', false, 'nothing')).toEqual([]);
  });

  it('have no figures of a machine that does not run', () => {
    const row = instanceRows(records, stats, 5000, { column: 'name', descending: false }, 'db')[0];
    expect(row).toMatchObject({ address: '10.0.0.2' });
    expect(row?.cpu).toBeUndefined();
    expect(row?.uptime).toBeUndefined();
  });
});
