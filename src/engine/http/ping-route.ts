import type { Route } from './route';

/** By this clients learn what is spoken here. `Builder-Version` 1 is the classic builder, which takes its context as a tar. */
export const pingRoute: Route = {
  method: 'GET',
  path: '/_ping',
  async handle() {
    const headers = {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-cache, no-store, must-revalidate',
      pragma: 'no-cache',
      'builder-version': '1',
      swarm: 'inactive',
    };
    return new Response('OK', { headers });
  },
};
