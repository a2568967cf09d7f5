import { type BaseRecipe, runAs } from '../recipe';
import { runtime } from '../runtime/recipe';

/** As in docker's own image nothing asks for a password: who may reach it is up to the network it is on. */
export const redis: BaseRecipe = {
  name: 'redis',
  parent: runtime,
  programs: ['redis-server'],
  libraries: ['libatomic1', 'libjemalloc2', 'liblzf1', 'redis-tools'],
  links: { data: 'var/lib/redis' },
  image: {
    title: 'Redis',
    description: 'Redis 7.0, open to its network, with its data in /data',
    name: 'redis',
    tags: ['7.0', '7', 'latest'],
    versionOf: 'redis-server',
    run: runAs({
      cmd: ['redis-server', '--bind', '*', '-::*', '--protected-mode', 'no', '--dir', '/data'],
      exposedPorts: ['6379/tcp'],
      user: 'redis',
      volumes: ['/data'],
      workingDir: '/data',
    }),
  },
};
