import { SandboxError } from '../../base/errors';

/** What any engine without a swarm says to who asks for what swarms have. */
export function noSwarm(): SandboxError {
  const message =
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
  return new SandboxError('Unavailable', message);
}
