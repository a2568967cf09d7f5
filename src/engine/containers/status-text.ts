import type { ContainerHealth } from '../../api/container';
import type { StoredState } from './container-records';
import { durationText } from './duration-text';

/** What `docker ps` says in its column STATUS (moby, container/state.go). */
export function statusText(
  { status, exitCode, startedAt = 0, finishedAt = 0 }: StoredState,
  health: ContainerHealth | undefined,
  now: number,
): string {
  const up = `Up ${durationText(now - startedAt)}`;
  const ended = `(${exitCode}) ${durationText(now - finishedAt)} ago`;
  switch (status) {
    case 'created':
      return 'Created';
    case 'paused':
      return `${up} (Paused)`;
    case 'restarting':
      return `Restarting ${ended}`;
    case 'exited':
      return `Exited ${ended}`;
    case 'dead':
      return 'Dead';
    case 'running':
      if (!health || health.Status === 'none') return up;
      return `${up} (${health.Status === 'starting' ? 'health: starting' : health.Status})`;
  }
}
