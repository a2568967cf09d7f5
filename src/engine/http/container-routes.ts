import type { ContainerCreateBody, ContainerResources, RestartPolicy } from '../../api/container';
import type { EngineContainers } from '../../api/container-engine';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { readBody } from './body-shape';
import { containerCreateShape, containerUpdateShape } from './container-shapes';
import { parseFilters, parsePruneFilters } from './filters';
import { jsonLinesOf } from './json-lines';
import { empty, json } from './responses';
import type { ApiCall, Route } from './route';
import { showConfigs } from './show-configs';

/** What is asked of containers, except for their streams and their files. */
export function containerRoutes(containers: EngineContainers, clock: Clock): readonly Route[] {
  return [
    { method: 'GET', path: '/containers/json', handle: (call) => list(containers, call) },
    { method: 'POST', path: '/containers/create', handle: (call) => create(containers, call) },
    {
      method: 'POST',
      path: '/containers/prune',
      async handle({ query }) {
        const { deleted, reclaimed } = await containers.prune(parsePruneFilters(query.text('filters'), clock.now()));
        return json({ ContainersDeleted: deleted, SpaceReclaimed: reclaimed });
      },
    },
    {
      method: 'GET',
      path: '/containers/{id}/json',
      handle: async ({ params: { id = '' }, query }) =>
        json(showConfigs(await containers.inspect(id, { size: query.flag('size') }))),
    },
    {
      method: 'GET',
      path: '/containers/{id}/top',
      handle: async ({ params: { id = '' }, query }) => json(await containers.top(id, query.text('ps_args'))),
    },
    {
      method: 'GET',
      path: '/containers/{id}/stats',
      async handle({ params: { id = '' }, query }) {
        const options = { stream: query.flag('stream', true), oneShot: query.flag('one-shot') };
        return jsonLinesOf(await containers.stats(id, options));
      },
    },
    {
      method: 'POST',
      path: '/containers/{id}/start',
      async handle({ params: { id = '' }, request }) {
        return empty((await containers.start(id, { signal: request.signal })) ? 204 : 304);
      },
    },
    {
      method: 'POST',
      path: '/containers/{id}/stop',
      handle: async (call) => empty((await containers.stop(call.params['id'] ?? '', grace(call))) ? 204 : 304),
    },
    {
      method: 'POST',
      path: '/containers/{id}/restart',
      handle: done((id, call) => containers.restart(id, grace(call))),
    },
    {
      method: 'POST',
      path: '/containers/{id}/kill',
      handle: done((id, { query }) => containers.kill(id, query.text('signal'))),
    },
    { method: 'POST', path: '/containers/{id}/pause', handle: done((id) => containers.pause(id)) },
    { method: 'POST', path: '/containers/{id}/unpause', handle: done((id) => containers.unpause(id)) },
    {
      method: 'POST',
      path: '/containers/{id}/rename',
      handle: done((id, { query }) => containers.rename(id, query.need('name'))),
    },
    {
      method: 'POST',
      path: '/containers/{id}/update',
      async handle({ params: { id = '' }, request }) {
        type Update = ContainerResources & { readonly RestartPolicy?: RestartPolicy };
        return json(await containers.update(id, await readBody<Update>(request, containerUpdateShape)));
      },
    },
    { method: 'POST', path: '/containers/{id}/wait', handle: (call) => wait(containers, call) },
    {
      method: 'DELETE',
      path: '/containers/{id}',
      handle: done((id, { query }) => containers.remove(id, { force: query.flag('force'), volumes: query.flag('v') })),
    },
  ];
}

/** A call that has nothing to say when it succeeds. */
function done(act: (id: string, call: ApiCall) => Promise<void>): Route['handle'] {
  return async (call) => {
    await act(call.params['id'] ?? '', call);
    return empty();
  };
}

async function list(containers: EngineContainers, { query }: ApiCall): Promise<Response> {
  const limit = query.integer('limit');
  const options = {
    all: query.flag('all'),
    size: query.flag('size'),
    filters: parseFilters(query.text('filters')),
    ...(limit !== undefined && limit > 0 && { limit }),
  };
  return json(await containers.list(options));
}

async function create(containers: EngineContainers, { query, request, minor }: ApiCall): Promise<Response> {
  const [name, platform] = [query.text('name'), query.text('platform')];
  const body = await readBody<ContainerCreateBody>(request, containerCreateShape);
  const options = { ...(name !== undefined && { name }), ...(platform !== undefined && { platform }) };
  const { Id, Warnings } = await containers.create(body, options, { signal: request.signal });
  const old = body.MacAddress && minor >= deprecatedMacSince;
  return json({ Id, Warnings: old ? [...Warnings, deprecatedMac] : Warnings }, 201);
}

/** From 1.44 on a MAC is said of a network (moby, handleMACAddressBC). */
const deprecatedMacSince = 44;
const deprecatedMac =
  'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.';

function grace({ query }: ApiCall): { readonly signal?: string; readonly seconds?: number } {
  const [signal, seconds] = [query.text('signal'), query.integer('t')];
  return { ...(signal !== undefined && { signal }), ...(seconds !== undefined && { seconds }) };
}

const conditions = ['not-running', 'next-exit', 'removed'] as const;

/** The client hears at once that somebody watches; the rest comes when it has happened. */
async function wait(containers: EngineContainers, { params: { id = '' }, query, request }: ApiCall): Promise<Response> {
  const wanted = query.text('condition') ?? 'not-running';
  const condition = conditions.find((each) => each === wanted);
  if (!condition) throw new SandboxError('InvalidArgument', `invalid condition: "${wanted}"`);
  const hungUp = new AbortController();
  const { ended } = await containers.wait(id, condition, AbortSignal.any([request.signal, hungUp.signal]));
  const outcome = new ReadableStream<unknown>({
    async pull(controller) {
      controller.enqueue(await ended);
      controller.close();
    },
    cancel: () => hungUp.abort(),
  });
  return jsonLinesOf(outcome);
}
