import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { createSettings } from '../settings';
import { type ComparisonRuns, ComparisonShelf } from './comparison-shelf';
import { deviceFigures, serviceFigures } from './figures-fixture';

/** With what has the names of a comparison's in `there`. */
function openShelf(
  services: ComparisonRuns['services'],
  there: readonly string[] = [],
  memory: ComparisonRuns['memory'] = createSettings(undefined),
) {
  const removals: string[] = [];
  const shelf = new ComparisonShelf({
    services,
    there: () => [...there],
    devices: async () => {},
    remove: async () => void removals.push(shelf.work.value?.kind ?? 'nobody at work'),
    clock: { now: () => 1000 },
    memory,
  });
  return { shelf, removals };
}

describe('the comparison', () => {
  it('keeps its figures until the next one, which begins by taking away what the last has left', async () => {
    const goOn = createDeferred<void>();
    let runs = 0;
    const { shelf, removals } = openShelf(async ({ onFigures }) => {
      runs += 1;
      if (runs === 2) await goOn.promise;
      for (const each of serviceFigures) onFigures(each);
    });
    await shelf.compareServices();
    expect([...shelf.services.value.keys()]).toEqual(['vm', 'container', 'unikernel']);
    expect(shelf.ends.value.get('services')).toEqual({ at: 1000 });
    await shelf.compareDevices();
    expect(shelf.services.value.size).toBe(3);
    const second = shelf.compareServices();
    expect(shelf.services.value.size).toBe(0);
    // One at a time.
    await shelf.compareDevices();
    await shelf.remove();
    goOn.resolve();
    await second;
    expect(removals).toEqual(['services', 'devices', 'services']);
    await shelf.remove();
    expect(removals.at(-1)).toBe('removal');
    expect(shelf.services.value.size).toBe(3);
  });

  it('takes away what it has started when it is canceled', async () => {
    const { shelf, removals } = openShelf(
      (_watch, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new SandboxError('Canceled', 'Canceled')));
          shelf.cancel();
        }),
    );
    await shelf.compareServices();
    expect(removals).toEqual(['services', 'removal']);
    expect(shelf.ends.value.get('services')).toEqual({ at: 1000, failure: 'canceled' });
    expect(shelf.work.value).toBeUndefined();
  });

  it('tells why it could not go on, and keeps what was measured before', async () => {
    const { shelf, removals } = openShelf(async ({ onFigures }) => {
      for (const each of serviceFigures.slice(0, 1)) onFigures(each);
      throw new SandboxError('ResourceExhausted', 'There is no memory for a host');
    });
    await shelf.compareServices();
    expect(shelf.ends.value.get('services')?.failure).toEqual({ message: 'There is no memory for a host' });
    expect(shelf.services.value.size).toBe(1);
    expect(removals).toEqual(['services', 'removal']);
  });

  describe('of an earlier visit', () => {
    const stored = new Map<string, string>();
    const visit = () =>
      createSettings({
        getItem: (name) => stored.get(name) ?? null,
        setItem: (name, value) => void stored.set(name, value),
      });
    const run: ComparisonRuns['services'] = async ({ onStep, onFigures }) => {
      onStep({ form: 'vm', step: 'load' });
      for (const each of serviceFigures) onFigures(each);
    };

    it('has its figures and their date, and begins over what it has started and over nothing else', async () => {
      const there: string[] = [];
      const before = openShelf(
        async (watch, operation) => {
          there.push('of a run');
          await run(watch, operation);
        },
        there,
        visit(),
      );
      await before.shelf.compareServices();
      const { shelf, removals } = openShelf(run, there, visit());
      expect([...shelf.services.value.values()]).toEqual(serviceFigures);
      expect(shelf.ends.value.get('services')).toEqual({ at: 1000 });
      await shelf.compareServices();
      expect(removals).toEqual(['services']);
      there.push('of a user');
      const third = openShelf(run, there, visit());
      await third.shelf.compareServices();
      expect(third.removals).toEqual([]);
    });

    it('knows what it had started when the page was closed in the middle of it', async () => {
      const there = ['of a run'];
      const { shelf } = openShelf(
        ({ onStep }) => {
          there.push('of a run');
          onStep({ form: 'vm', step: 'load' });
          return new Promise(() => {});
        },
        there,
        visit(),
      );
      there.length = 0;
      void shelf.compareServices();
      await expect.poll(() => shelf.work.value).toMatchObject({ step: { step: 'load' } });
      expect(openShelf(run, there, visit()).shelf.started.value).toEqual(new Set(['of a run']));
    });

    it.each([
      ['nothing', undefined],
      [
        'a form that is not known',
        { services: [{ ...serviceFigures[0], form: 'pod' }], devices: [], ends: [], started: [] },
      ],
      ['figures that lack one', { services: [{ form: 'vm' }], devices: [], ends: [], started: [] }],
      ['no number', { services: [], devices: [{ ...deviceFigures[0], net: {} }], ends: [], started: [] }],
      ['no date', { services: [], devices: [], ends: [['services', {}]], started: [] }],
    ])('is left alone where what was kept is %s', (_what, kept) => {
      const { shelf } = openShelf(run, [], { recall: () => kept, keep: () => {} });
      expect([shelf.services.value.size, shelf.devices.value.size, shelf.ends.value.size]).toEqual([0, 0, 0]);
    });
  });

  it('begins over what its last run has left, and not over what somebody else has made', async () => {
    const there: string[] = ['of a user'];
    let runs = 0;
    const { shelf, removals } = openShelf(async () => {
      runs += 1;
      there.push('of a run');
    }, there);
    await shelf.compareServices();
    await shelf.compareDevices();
    expect({ runs, removals, ended: shelf.ends.value.size }).toEqual({ runs: 0, removals: [], ended: 0 });
    there.length = 0;
    await shelf.compareServices();
    expect(shelf.started.value).toEqual(new Set(['of a run']));
    await shelf.compareServices();
    expect(runs).toBe(2);
    there.push('of a user');
    await shelf.compareServices();
    expect(runs).toBe(2);
  });
});
