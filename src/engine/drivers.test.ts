import { expect, test } from 'vitest';
import type { InstanceDriver, InstanceSpec } from '../api/instance';
import { Drivers } from './drivers';

const app: InstanceSpec = { kind: 'app', name: 'a', image: 'x', args: [], env: [], files: [], memoryMiB: 1 };

function driverOf(kind: InstanceSpec['kind']): InstanceDriver {
  return { kind } as InstanceDriver;
}

test('A driver that is there from the beginning is found at once', async () => {
  const vms = driverOf('vm');
  const drivers = new Drivers([vms]);
  await drivers.prepare('vm');
  expect(drivers.find('vm')).toBe(vms);
});

test('A driver that is fetched is fetched once, for whoever asks first', async () => {
  const opened: InstanceDriver[] = [];
  const open = async (): Promise<InstanceDriver> => {
    const driver = driverOf('app');
    opened.push(driver);
    return driver;
  };
  const drivers = new Drivers([{ kind: 'app', open }]);
  expect(() => drivers.of(app)).toThrow('No driver for instances of kind "app"');
  await Promise.all([drivers.prepare('app'), drivers.prepare('app')]);
  const first = drivers.of(app);
  await drivers.prepare('app');
  expect(drivers.of(app)).toBe(first);
  expect(opened).toHaveLength(1);
});

test('A driver that could not be fetched is fetched again the next time', async () => {
  let tries = 0;
  const open = async (): Promise<InstanceDriver> => {
    tries += 1;
    if (tries === 1) throw new TypeError('Failed to fetch dynamically imported module');
    return driverOf('app');
  };
  const drivers = new Drivers([{ kind: 'app', open }]);
  await expect(drivers.prepare('app')).rejects.toThrow('Failed to fetch');
  await drivers.prepare('app');
  expect(drivers.of(app).kind).toBe('app');
});

test('A kind that the lab has nothing for is refused by its name', async () => {
  const drivers = new Drivers([]);
  await drivers.prepare('app');
  expect(() => drivers.of(app)).toThrow(expect.objectContaining({ code: 'Unimplemented' }));
});
