import type { BuildCacheUsage, ImageBuilder } from '../../api/build';
import type { ContainerEngine } from '../../api/container-engine';
import type { Clock } from '../../base/clock';
import { nanoTime } from '../containers/log-text';
import type { Images } from '../images';
import { parseDockerTime } from './docker-time';
import { parseFilters } from './filters';
import { listImages } from './image-list';
import { jsonLinesOf } from './json-lines';
import { pingRoute } from './ping-route';
import { json } from './responses';
import type { ApiCall, Route } from './route';

export interface SystemRoutesOptions {
  readonly engine: Pick<ContainerEngine, 'version' | 'info' | 'usage' | 'events'>;
  readonly images: Images;
  readonly builder?: Pick<ImageBuilder, 'cacheUsage'>;
  readonly clock: Clock;
}

/** What is asked of the engine as a whole. */
export function systemRoutes(options: SystemRoutesOptions): readonly Route[] {
  const { engine } = options;
  return [
    pingRoute,
    { method: 'GET', path: '/version', handle: async () => json(engine.version()) },
    { method: 'GET', path: '/info', handle: async () => json(await engine.info()) },
    // None can be installed: drivers are part of the engine.
    { method: 'GET', path: '/plugins', handle: async () => json([]) },
    { method: 'GET', path: '/events', handle: (call) => events(options, call) },
    { method: 'GET', path: '/system/df', handle: (call) => usage(options, call) },
  ];
}

async function events({ engine, clock }: SystemRoutesOptions, { query }: ApiCall): Promise<Response> {
  const [since, until] = [query.text('since'), query.text('until')];
  const now = clock.now();
  const options = {
    filters: parseFilters(query.text('filters')),
    ...(since !== undefined && { since: parseDockerTime(since, now) }),
    ...(until !== undefined && { until: parseDockerTime(until, now) }),
  };
  return jsonLinesOf(engine.events(options));
}

/** From 1.42 on a client may ask for some kinds alone. */
async function usage(
  { engine, images, builder, clock }: SystemRoutesOptions,
  { query, minor }: ApiCall,
): Promise<Response> {
  const types = query.texts('type');
  const wanted = (type: string): boolean => types.length === 0 || types.includes(type);
  const options = { filters: {}, sharedSize: true, virtualSize: minor < 44, nowMs: clock.now() };
  const [stored, kept, listed, cache] = await Promise.all([
    images.usage(),
    engine.usage(),
    listImages(images, options),
    builder?.cacheUsage(),
  ]);
  return json({
    ...(wanted('image') && { LayersSize: stored.images.bytes, Images: listed }),
    ...(wanted('container') && { Containers: kept.Containers }),
    ...(wanted('volume') && { Volumes: kept.Volumes }),
    ...(wanted('build-cache') && { BuildCache: cache && cache.steps > 0 ? [buildCacheRecord(cache)] : [] }),
  });
}

/** What is kept for builds, as one record: layers are shared by many steps. */
function buildCacheRecord({ steps, bytes, createdAt = 0, usedAt = createdAt }: BuildCacheUsage) {
  return {
    ID: 'steps',
    Type: 'regular',
    Description: `layers of ${steps} steps`,
    InUse: false,
    Shared: false,
    Size: bytes,
    CreatedAt: nanoTime(createdAt),
    LastUsedAt: nanoTime(usedAt),
    UsageCount: steps,
  };
}
