import { Query } from './query';

/** A request that has found its route. */
export interface ApiCall {
  readonly request: Request;
  /** Minor number of the API's version that the client speaks: 47. */
  readonly minor: number;
  /** What stands in the place of `{name}` in the route's path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** What comes on the connection after the request, where somebody has handed it over. */
  readonly input?: ReadableStream<Uint8Array>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** `/containers/{id}/json`; `{name*}` may have slashes in it. */
  readonly path: string;
  handle(call: ApiCall): Promise<Response>;
}

export type MatchRoute = (method: string, path: string) => { route: Route; params: ApiCall['params'] } | undefined;

/** The first route that fits counts, so particular ones stand before those with `{name*}`. HEAD is what GET is, without a body. */
export function createRouteTable(routes: readonly Route[]): MatchRoute {
  const compiled = routes.map((route) => ({ route, ...compilePath(route.path) }));
  const find: MatchRoute = (method, path) => {
    for (const { route, pattern, names } of compiled) {
      if (route.method !== method) continue;
      const match = pattern.exec(path);
      if (!match) continue;
      return { route, params: Object.fromEntries(names.map((name, at) => [name, decode(match[at + 1] ?? '')])) };
    }
    return undefined;
  };
  return (method, path) => find(method, path) ?? (method === 'HEAD' ? find('GET', path) : undefined);
}

function compilePath(path: string): { readonly pattern: RegExp; readonly names: readonly string[] } {
  const names: string[] = [];
  const source = path.replace(/\{(\w+)(\*?)\}/g, (_, name: string, whole: string) => {
    names.push(name);
    return whole ? '(.+)' : '([^/]+)';
  });
  return { pattern: new RegExp(`^${source}$`), names };
}

/** What is not encoded soundly stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function createQuery(url: URL): Query {
  return new Query(url.searchParams);
}
