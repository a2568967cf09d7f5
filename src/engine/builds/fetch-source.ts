import type { Operation } from '../../api/operation';
import { SandboxError, throwIfAborted } from '../../base/errors';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface FetchedSource {
  readonly bytes: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The last part of the address. */
  readonly name: string;
  /** Seconds since the epoch, where the server says it. */
  readonly mtime?: number;
}

/** What ADD gets from an address. `Unavailable` when it cannot be had: a page is not allowed everywhere. */
export async function fetchSource(fetch: Fetch, url: string, { signal }: Operation): Promise<FetchedSource> {
  const response = await ask(fetch, url, signal);
  if (!response.ok || !response.body) {
    throw new SandboxError('Unavailable', `failed to load ${url}: invalid response status ${response.status}`, {
      details: { url },
    });
  }
  const modified = Date.parse(response.headers.get('last-modified') ?? '');
  return {
    bytes: response.body,
    name: decodeURIComponent(new URL(url).pathname.split('/').filter(Boolean).at(-1) ?? ''),
    ...(Number.isFinite(modified) && { mtime: Math.floor(modified / 1000) }),
  };
}

async function ask(fetch: Fetch, url: string, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, { credentials: 'omit', ...(signal && { signal }) });
  } catch (cause) {
    throwIfAborted(signal);
    const why = 'it cannot be reached, or it does not let pages of other origins read it (CORS)';
    const message = `failed to load ${url}: ${why}; put the file into the context, or fetch it by RUN`;
    throw new SandboxError('Unavailable', message, { cause, details: { url } });
  }
}
