import type { EngineApi, HijackedConnection } from '../../api/engine-api';
import { SandboxError } from '../../base/errors';
import { newestVersion, parseVersionedPath } from './api-version';
import { errorResponse } from './error-response';
import { type ApiCall, createQuery, createRouteTable, type MatchRoute, type Route } from './route';

export interface EngineRouterOptions {
  readonly routes: readonly Route[];
  /** What the header `Server` says: `Strata/0.1.0 (linux)`. */
  readonly server: string;
}

/** Finds who answers a request of the Docker Engine API. */
export class EngineRouter implements EngineApi {
  readonly routes: readonly Route[];
  readonly #match: MatchRoute;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ routes, server }: EngineRouterOptions) {
    this.routes = routes;
    this.#match = createRouteTable(routes);
    this.#headers = { 'api-version': newestVersion, ostype: 'linux', 'docker-experimental': 'false', server };
  }

  async fetch(request: Request, connection?: HijackedConnection): Promise<Response> {
    const answer = await this.#answer(request, connection).catch(errorResponse);
    for (const [name, value] of Object.entries(this.#headers)) answer.headers.set(name, value);
    if (request.method !== 'HEAD') return answer;
    await answer.body?.cancel();
    return new Response(null, { status: answer.status, headers: answer.headers });
  }

  async #answer(request: Request, connection: HijackedConnection | undefined): Promise<Response> {
    const url = new URL(request.url);
    const { minor, path } = parseVersionedPath(url.pathname);
    const found = this.#match(request.method, path);
    if (!found) throw new SandboxError('NotFound', 'page not found');
    const call: ApiCall = {
      request,
      minor,
      params: found.params,
      query: createQuery(url),
      ...(connection && { input: connection.input }),
    };
    return found.route.handle(call);
  }
}
