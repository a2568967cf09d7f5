import { SandboxError } from '../../base/errors';
import type { Route } from './route';

const message =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** What swarms have is asked for by clients that cannot know; they hear what any engine without a swarm says. */
export const swarmRoutes: readonly Route[] = ['swarm', 'nodes', 'services', 'tasks', 'secrets', 'configs'].map(
  (path) => ({
    method: 'GET',
    path: `/${path}`,
    async handle() {
      throw new SandboxError('Unavailable', message);
    },
  }),
);
