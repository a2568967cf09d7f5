import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { type ComparisonRuns, ComparisonShelf } from './comparison-shelf';
import { serviceFigures } from './figures-fixture';

/** With what has the names of a comparison's in `there`. */
function openShelf(services: ComparisonRuns['services'], there: readonly string[] = []) {
  const removals: string[] = [];
  const shelf = new ComparisonShelf({
    services,
    there: () => [...there],
    devices: async () => {},
    remove: async () => void removals.push(shelf.work.value?.kind ?? 'nobody at work'),
    clock: { now: () => 1000 },
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
