import type { ContainerHealth, RestartPolicy } from '../../api/container';

const policies: Readonly<Record<RestartPolicy['Name'], string>> = {
  '': 'Stays ended',
  no: 'Stays ended',
  always: 'Always again',
  'unless-stopped': 'Again, unless it was stopped',
  'on-failure': 'Again if it failed',
};

/** Words of the orchestration. They come with the view that shows them. */
export const orchestrationText = {
  heading: 'Orchestration',
  about:
    'What is kept as it was wished for, with nobody at hand: restarts, health checks, and sleep and waking on demand.',
  restarts: 'Restart policies',
  restartColumns: { name: 'Container', policy: 'When it ends', state: 'State', count: 'Restarts' },
  policy: ({ Name, MaximumRetryCount }: RestartPolicy): string =>
    MaximumRetryCount ? `${policies[Name]}, at most ${MaximumRetryCount} times` : policies[Name],
  noContainers: 'No containers yet.',
  checks: 'Health checks',
  checkColumns: {
    name: 'Container',
    test: 'Check',
    every: 'Every',
    health: 'Health',
    streak: 'Failed in a row',
    last: 'Last said',
  },
  health: {
    none: 'Not checked',
    starting: 'Starting',
    healthy: 'Healthy',
    unhealthy: 'Unhealthy',
  } satisfies Record<ContainerHealth['Status'], string>,
  seconds: (seconds: number) => `${seconds} s`,
  said: (code: number, output: string) => (output === '' ? `Ended with ${code}` : `${code}: ${output}`),
  noChecks: 'No container says how its health is checked.',
  activators: 'Activators',
  activatorColumns: {
    name: 'Unikernel',
    state: 'State',
    idle: 'Sleeps after',
    wakes: 'Woken',
    last: 'Last time up after',
    act: 'Act',
  },
  never: '–',
  milliseconds: (ms: number) => `${Math.round(ms)} ms`,
  noActivators: 'No unikernel runs on demand.',
  loading: 'One moment',
} as const;
