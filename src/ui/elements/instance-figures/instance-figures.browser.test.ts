import { afterEach, expect, it } from 'vitest';
import type { InstanceRecord } from '../../../engine/instance-record';
import type { StatReading } from '../../../engine/stat-sampler';
import { InstanceFigures } from './instance-figures';

afterEach(() => document.body.replaceChildren());

it('a machine that is paused keeps no figures of before', async () => {
  const figures = new InstanceFigures();
  const reading = { cpuShare: 0.25, sample: { memory: { used: 2 ** 20 }, processes: 7 } } as StatReading;
  figures.reading = reading;
  const told = async (phase: 'running' | 'paused'): Promise<string> => {
    figures.record = { spec: { kind: 'vm', memoryMiB: 64 }, state: { phase, since: 0 } } as InstanceRecord;
    await figures.updateComplete;
    return figures.renderRoot.textContent ?? '';
  };
  document.body.append(figures);
  expect(await told('running')).toContain('25');
  expect(await told('paused')).not.toContain('25');
});
