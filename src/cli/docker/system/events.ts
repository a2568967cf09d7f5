import type { EventMessage } from '../../../api/container-event';
import { compileTemplate } from '../../format/template/run-template';
import { filter, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { engineTime } from '../engine-time';
import { filterQuery } from '../filters';
import { plainFormat } from '../format-usage';

export const events = docker({
  spellings: ['system events', 'events'],
  summary: 'Get real time events from the server',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    filter: filter('Filter output based on conditions provided', { short: 'f' }),
    format: text(plainFormat),
    since: text('Show all events created since timestamp'),
    until: text('Stream events until this timestamp'),
  },
  async run({ flags }, { engine, io, clock }) {
    const time = (given: string): string | undefined => (given === '' ? undefined : engineTime(given, clock.now()));
    const template =
      flags.format === '' ? undefined : compileTemplate(flags.format === 'json' ? '{{json .}}' : flags.format);
    const messages = engine.lines<EventMessage>('GET', '/events', {
      query: { since: time(flags.since), until: time(flags.until), filters: filterQuery(flags.filter) },
      signal: io.signal,
    });
    for await (const message of messages) {
      await io.stdout.write(template ? `${template(message)}\n` : `${eventLine(message)}\n`);
    }
    return 0;
  },
});

/** `2024-05-01T12:00:00.000000000Z container start 5f3c… (image=busybox, name=web)` */
function eventLine({ Type, Action, Actor, time, timeNano }: EventMessage): string {
  const attributes = Object.entries(Actor.Attributes ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort();
  const shown = attributes.length > 0 ? ` (${attributes.join(', ')})` : '';
  return `${nanoTime(time, timeNano)} ${Type} ${Action} ${Actor.ID}${shown}`;
}

/** A double has no room for all digits of nanoseconds; those of the second are told apart. */
function nanoTime(seconds: number, nanoseconds: number): string {
  const rest = Math.max(0, Math.round(nanoseconds - seconds * 1e9)) % 1e9;
  return new Date(seconds * 1000).toISOString().replace('.000Z', `.${String(rest).padStart(9, '0')}Z`);
}
