import type { EngineVolumes } from '../../api/container-engine';
import type { VolumeCreateBody } from '../../api/container-volume';
import { readBody } from './body-shape';
import { volumeCreateShape } from './container-shapes';
import { parseFilters } from './filters';
import { empty, json } from './responses';
import type { Route } from './route';

/** Before 1.42 a prune takes all that nobody uses, later only what has no name of its own. */
const anonymousOnlySince = 42;

export function volumeRoutes(volumes: EngineVolumes): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/volumes',
      async handle({ query }) {
        return json({ Volumes: await volumes.list(parseFilters(query.text('filters'))), Warnings: null });
      },
    },
    {
      method: 'POST',
      path: '/volumes/create',
      async handle({ request }) {
        return json(await volumes.create(await readBody<VolumeCreateBody>(request, volumeCreateShape)), 201);
      },
    },
    {
      method: 'POST',
      path: '/volumes/prune',
      async handle({ query, minor }) {
        const filters = parseFilters(query.text('filters'));
        const wanted = minor < anonymousOnlySince ? { ...filters, all: ['true'] } : filters;
        const { deleted, reclaimed } = await volumes.prune(wanted);
        return json({ VolumesDeleted: deleted, SpaceReclaimed: reclaimed });
      },
    },
    {
      method: 'GET',
      path: '/volumes/{name*}',
      handle: async ({ params: { name = '' } }) => json(await volumes.inspect(name)),
    },
    {
      method: 'DELETE',
      path: '/volumes/{name*}',
      async handle({ params: { name = '' }, query }) {
        await volumes.remove(name, query.flag('force'));
        return empty();
      },
    },
  ];
}
