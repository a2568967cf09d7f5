import type { InstancePhase } from '../../api/instance';
import type { LabEvent } from '../events/lab-event-log';

/** Words of the event log. They come with the view that shows it. */
export const eventText = {
  heading: 'Events',
  about: (limit: string) =>
    `What has happened in this lab since the page came, newest first: tasks, states of instances, and what the container engine tells; of health checks, what comes of them. The newest ${limit} are kept.`,
  filter: 'Filter',
  filterHint: 'web failed',
  source: 'Heard from',
  all: 'All',
  sources: { task: 'Tasks', instance: 'Instances', engine: 'Container engine' } satisfies Record<
    LabEvent['source'],
    string
  >,
  copy: 'Copy',
  copied: (count: string) => `${count} events were copied`,
  notCopied: 'The events could not be copied',
  none: 'Nothing has happened yet',
  noMatch: 'No event has all of these words',
  list: 'Events of the lab',
  columns: { time: 'Time', source: 'Heard from', subject: 'Of what', event: 'What' },
  states: { running: 'begun', succeeded: 'done', failed: 'failed', canceled: 'canceled' },
  task: (action: string, state: string) => `${action}: ${state}`,
  /** What an instance is from then on. */
  phases: {
    created: 'was created',
    starting: 'is starting',
    running: 'is running',
    paused: 'is paused',
    stopping: 'is stopping',
    stopped: 'has stopped',
    failed: 'has failed',
    removed: 'was removed',
  } satisfies Record<InstancePhase | 'removed', string>,
  engine: (type: string, action: string) => `${type} ${action}`,
  because: (what: string, problem: string) => `${what}: ${problem}`,
} as const;
