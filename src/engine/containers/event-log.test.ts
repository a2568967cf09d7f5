import { describe, expect, it } from 'vitest';
import type { EventMessage } from '../../api/container-event';
import { FakeClock } from '../../base/fake-clock';
import { EventLog, eventMatches } from './event-log';

async function actionsOf(stream: ReadableStream<EventMessage>): Promise<readonly string[]> {
  const reader = stream.getReader();
  const actions: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return actions;
    actions.push(value.Action);
  }
}

describe('events', () => {
  it('are remembered, 256 of them, and asked for by time', async () => {
    const clock = new FakeClock();
    const log = new EventLog(clock);
    for (let at = 0; at < 300; at += 1) {
      log.add('container', `e${at}`, 'abc', { name: 'web' });
      await clock.advance(10);
    }
    expect(await actionsOf(log.read({ until: clock.now() }))).toHaveLength(256);
    const since = clock.now() - 50;
    expect(await actionsOf(log.read({ since, until: clock.now() }))).toEqual(['e295', 'e296', 'e297', 'e298', 'e299']);
  });

  it('come as they happen, until the time that was asked for or until somebody has enough', async () => {
    const clock = new FakeClock();
    const log = new EventLog(clock);
    log.add('container', 'before', 'abc');
    const bounded = actionsOf(log.read({ until: clock.now() + 100 }));
    const live = log.read().getReader();
    log.add('container', 'start', 'abc', { image: 'busybox' });
    await clock.advance(200);
    log.add('container', 'die', 'abc');
    expect(await bounded).toEqual(['before', 'start']);
    expect((await live.read()).value).toMatchObject({ Action: 'start', status: 'start', id: 'abc', from: 'busybox' });
    await live.cancel();
    const open = actionsOf(log.read());
    log.dispose();
    expect(await open).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('have an order by their times', async () => {
    const log = new EventLog(new FakeClock());
    const times = Array.from({ length: 50 }, (_, at) => log.add('network', `n${at}`, 'x').timeNano);
    expect(new Set(times).size).toBe(50);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
  });

  const event = new EventLog(new FakeClock()).add('container', 'exec_create: ls', 'abcdef', {
    name: 'web',
    image: 'busybox:latest',
    tier: 'front',
  });
  it.each([
    [{}, true],
    [{ type: ['image', 'container'] }, true],
    [{ type: ['image'] }, false],
    [{ event: ['exec_create'] }, true],
    [{ event: ['exec'] }, false],
    [{ container: ['web'] }, true],
    [{ container: ['abc'] }, true],
    [{ container: ['we'] }, true],
    [{ container: ['eb'] }, false],
    [{ image: ['busybox'] }, true],
    [{ image: ['busybox:latest'] }, true],
    [{ image: ['busy'] }, false],
    [{ label: ['tier=front'] }, true],
    [{ label: ['tier', 'other'] }, false],
    [{ container: ['web'], type: ['volume'] }, false],
    [{ network: ['bridge'] }, false],
    [{ plugin: ['web'] }, true],
  ])('fit %j: %s', (filters, fits) => {
    expect(eventMatches(event, filters)).toBe(fits);
  });

  it('have no other filters', () => {
    expect(() => new EventLog(new FakeClock()).read({ filters: { color: ['red'] } })).toThrow("invalid filter 'color'");
  });
});
