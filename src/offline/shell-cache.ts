/** A file of the page; its address has a hash of its bytes in it when it has no revision. */
export interface ShellFile {
  /** Relative to the page. */
  readonly url: string;
  readonly revision: string | null;
}

export interface ShellCacheOptions {
  /** Everything that the page needs before its first prompt, and what its views need. */
  readonly files: readonly ShellFile[];
  /** What whoever put the page there may change, or leave out: it is the host's as long as there is one. Relative to the page. */
  readonly settings: readonly string[];
  /** The address of the page, with a slash at its end. */
  readonly scope: string;
  readonly caches: CacheStorage;
  readonly fetch: (request: Request) => Promise<Response>;
  /** What the page's answers say, for a host that cannot say it. */
  readonly headers: (path: string) => Readonly<Record<string, string>>;
}

const prefix = 'strata-shell-';

/** Large files that few need are kept from their first use on. */
const keptOnUse = /^assets\//;

/**
 * The page's own files, so that it opens without a network: one cache for each version. Guests' images are not here; they are in
 * the content store.
 */
export class ShellCache {
  readonly #options: ShellCacheOptions;
  readonly #name: Promise<string>;
  readonly #files: ReadonlySet<string>;

  constructor(options: ShellCacheOptions) {
    this.#options = options;
    this.#name = nameOf(options.files);
    this.#files = new Set(options.files.map(({ url }) => url));
  }

  /** Fetches what an earlier version has not fetched already. All of it or none: a version is whole. */
  async install(): Promise<void> {
    const { caches, files, settings, scope } = this.#options;
    const name = await this.#name;
    const cache = await caches.open(name);
    try {
      await Promise.all(files.map((file) => this.#keep(cache, file)));
      const asked = settings.map((path) => this.#fromHost(new Request(scope + path, { cache: 'no-cache' }), path));
      await Promise.allSettled(asked);
    } catch (error) {
      await caches.delete(name);
      throw error;
    }
  }

  /** Takes the versions before this one away; nobody may show them any more. */
  async removeOthers(): Promise<void> {
    const { caches } = this.#options;
    const own = await this.#name;
    const others = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== own);
    await Promise.all(others.map((name) => caches.delete(name)));
  }

  /** The answer to a request for one of the page's files; undefined for what is not the page's. */
  answer(request: Request): Promise<Response> | undefined {
    const path = this.#pathOf(request);
    if (path === undefined) return undefined;
    if (this.#options.settings.includes(path)) return this.#fromHost(request, path);
    if (this.#files.has(path)) return this.#fromCache(request, path);
    return keptOnUse.test(path) ? this.#keepOnUse(request, path) : undefined;
  }

  /** Relative to the page; undefined when a cache has no business with it. */
  #pathOf({ method, url }: Request): string | undefined {
    const { scope } = this.#options;
    if (method !== 'GET' || !url.startsWith(scope)) return undefined;
    const path = url.slice(scope.length).replace(/[?#].*$/, '');
    return path === '' ? 'index.html' : path;
  }

  async #fromCache(request: Request, path: string): Promise<Response> {
    const { caches, scope, fetch } = this.#options;
    const cache = await caches.open(await this.#name);
    // The browser may have taken the cache away, whole; the network has it still.
    const response = (await cache.match(scope + path)) ?? (await fetch(request));
    return this.#withHeaders(response, path);
  }

  async #fromHost(request: Request, path: string): Promise<Response> {
    const { caches, scope, fetch } = this.#options;
    const cache = await caches.open(await this.#name);
    try {
      const response = await fetch(request);
      // That there is none is an answer, too.
      if (response.status === 200 || response.status === 404) {
        await cache.put(scope + path, response.clone()).catch(() => {});
      }
      return this.#withHeaders(response, path);
    } catch (error) {
      const kept = await cache.match(scope + path);
      if (!kept) throw error;
      return this.#withHeaders(kept, path);
    }
  }

  async #keepOnUse(request: Request, path: string): Promise<Response> {
    const { caches, fetch } = this.#options;
    // Of any version: pages of the one before may be open still, and ask for what they have not fetched yet.
    const kept = await caches.match(request.url);
    if (kept) return this.#withHeaders(kept, path);
    const response = await fetch(request);
    if (response.status === 200) {
      const cache = await caches.open(await this.#name);
      // A full disk is no reason to fail a request that was answered.
      await cache.put(request.url, response.clone()).catch(() => {});
    }
    return this.#withHeaders(response, path);
  }

  async #keep(cache: Cache, { url, revision }: ShellFile): Promise<void> {
    const { scope, caches, fetch } = this.#options;
    const address = scope + url;
    const earlier = revision === null ? await caches.match(address) : undefined;
    // Past the HTTP cache, where an address does not say which bytes it means.
    const response = earlier ?? (await fetch(new Request(address, revision === null ? {} : { cache: 'reload' })));
    if (response.status !== 200) throw new Error(`${url} was answered with ${response.status}`);
    await cache.put(address, response);
  }

  #withHeaders(response: Response, path: string): Response {
    if (response.headers.has('content-security-policy') || response.type === 'opaque') return response;
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(this.#options.headers(path))) headers.set(name, value);
    const { status, statusText, body } = response;
    return new Response(body, { status, statusText, headers });
  }
}

/** Changes with any of the files. */
async function nameOf(files: readonly ShellFile[]): Promise<string> {
  const text = files.map(({ url, revision }) => `${url} ${revision ?? ''}`).join('\n');
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return prefix + [...new Uint8Array(hash, 0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
