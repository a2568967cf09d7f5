import { expect, it } from 'vitest';
import { Emitter } from '../base/events';
import { FakeClock, settle } from '../base/fake-clock';
import { MadeWatch, type MadeWatchOptions } from './made-watch';

type Labs = MadeWatchOptions['lab'];

/** A lab of lists, whose container engine is there once it is asked for. */
async function setUp() {
  const changes = new Emitter<never>();
  const changed = new Emitter<never>();
  const records = [{ id: 'old', spec: { kind: 'vm', containerHost: false } }];
  const containers = [{ Id: 'older', Created: 99 }];
  const lab = {
    layout: async () => ({}),
    list: () => records,
    changes: changes.event,
    containers: async () => ({ list: () => containers, changed: changed.event }),
  } as unknown as Labs;
  const told: string[] = [];
  const made = (lesson: string, ids: readonly string[]): void => void told.push(`${lesson}: ${ids.join(' ')}`);
  const clock = new FakeClock(100_000);
  const watch = new MadeWatch({ lab, clock, made });
  await settle();
  const make = async (id: string, containerHost = false): Promise<void> => {
    records.push({ id, spec: { kind: 'vm', containerHost } });
    changes.fire(undefined as never);
    await settle();
  };
  const run = (id: string): void => {
    containers.push({ Id: id, Created: 101 });
    changed.fire(undefined as never);
  };
  return { watch, told, make, run };
}

it('what comes about is of the lesson that is shown, and nobody’s where none is', async () => {
  const { watch, told, make } = await setUp();
  await make('first');
  const shown = watch.show('a');
  await make('second');
  shown.dispose();
  await make('third');
  expect(told).toEqual(['a: second']);
});

it('a lab that is being opened is of its lesson, whatever is shown meanwhile', async () => {
  const { watch, told, make } = await setUp();
  const opening = watch.open('a');
  watch.show('b');
  await make('first');
  opening.dispose();
  await make('second');
  expect(told).toEqual(['a: first', 'b: second']);
});

it('a container is older than the host that is made for it, and both are of the lesson that is shown', async () => {
  const { watch, told, make, run } = await setUp();
  watch.show('a');
  run('web');
  await make('host-1', true);
  run('later');
  expect(told).toEqual(['a: host-1', 'a: web', 'a: later']);
});
