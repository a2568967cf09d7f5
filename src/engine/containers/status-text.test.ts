import { expect, it } from 'vitest';
import type { StoredState } from './container-records';
import { startingHealth } from './health-state';
import { statusText } from './status-text';

const now = 10_000_000;
const state = (given: Partial<StoredState>): StoredState => ({
  status: 'running',
  exitCode: 0,
  error: '',
  oomKilled: false,
  pid: 1,
  startedAt: now - 5000,
  finishedAt: now - 120_000,
  stopped: false,
  restarts: 0,
  ...given,
});

it.each([
  [state({}), undefined, 'Up 5 seconds'],
  [state({}), startingHealth, 'Up 5 seconds (health: starting)'],
  [state({}), { ...startingHealth, Status: 'unhealthy' as const }, 'Up 5 seconds (unhealthy)'],
  [state({ status: 'paused' }), undefined, 'Up 5 seconds (Paused)'],
  [state({ status: 'exited', exitCode: 137 }), undefined, 'Exited (137) 2 minutes ago'],
  [state({ status: 'restarting', exitCode: 1 }), undefined, 'Restarting (1) 2 minutes ago'],
  [state({ status: 'created' }), undefined, 'Created'],
])('%j is told as it is', (given, health, text) => {
  expect(statusText(given, health, now)).toBe(text);
});
