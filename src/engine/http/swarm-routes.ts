import { SandboxError } from '../../base/errors';
import { noSwarm } from '../containers/no-swarm';
import type { Route } from './route';

/** What swarms have is asked for by clients that cannot know; they hear what any engine without a swarm says. */
export const swarmRoutes: readonly Route[] = [
  ...['swarm', 'nodes', 'services', 'tasks', 'secrets', 'configs'].map(
    (path): Route => ({
      method: 'GET',
      path: `/${path}`,
      async handle() {
        throw noSwarm();
      },
    }),
  ),
  ...['init', 'join'].map(
    (path): Route => ({
      method: 'POST',
      path: `/swarm/${path}`,
      async handle() {
        const message =
          'There are no swarms here: several containers begin together with docker compose, and "host create NAME" in the page\'s shell adds a host';
        throw new SandboxError('Unimplemented', message);
      },
    }),
  ),
];
