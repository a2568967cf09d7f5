import type { EngineNetworks } from '../../api/container-engine';
import type { NetworkConnectBody, NetworkCreateBody } from '../../api/container-network';
import type { Clock } from '../../base/clock';
import { readBody } from './body-shape';
import { networkConnectShape, networkCreateShape, networkDisconnectShape } from './container-shapes';
import { parseFilters, parsePruneFilters } from './filters';
import { empty, json } from './responses';
import type { Route } from './route';

export function networkRoutes(networks: EngineNetworks, clock: Clock): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/networks',
      handle: async ({ query }) => json(await networks.list(parseFilters(query.text('filters')))),
    },
    {
      method: 'POST',
      path: '/networks/create',
      async handle({ request }) {
        return json(await networks.create(await readBody<NetworkCreateBody>(request, networkCreateShape)), 201);
      },
    },
    {
      method: 'POST',
      path: '/networks/prune',
      async handle({ query }) {
        const { deleted } = await networks.prune(parsePruneFilters(query.text('filters'), clock.now()));
        return json({ NetworksDeleted: deleted });
      },
    },
    {
      method: 'POST',
      path: '/networks/{id}/connect',
      async handle({ params: { id = '' }, request }) {
        await networks.connect(id, await readBody<NetworkConnectBody>(request, networkConnectShape));
        return empty(200);
      },
    },
    {
      method: 'POST',
      path: '/networks/{id}/disconnect',
      async handle({ params: { id = '' }, request }) {
        type Body = { readonly Container?: string; readonly Force?: boolean };
        const { Container = '', Force } = await readBody<Body>(request, networkDisconnectShape);
        await networks.disconnect(id, Container, Force);
        return empty(200);
      },
    },
    {
      method: 'GET',
      path: '/networks/{id*}',
      handle: async ({ params: { id = '' } }) => json(await networks.inspect(id)),
    },
    {
      method: 'DELETE',
      path: '/networks/{id*}',
      async handle({ params: { id = '' } }) {
        await networks.remove(id);
        return empty();
      },
    },
  ];
}
