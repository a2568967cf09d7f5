import type { PreviewHeaders } from '../api/preview';
import type { FrameFetcher } from './frame-fetcher';

/** Bodies that answers to these statuses have not (Fetch, "null body status"). */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** `fetch` for the scripts of a page that is nowhere: by the lab, with addresses relative to the page's own. */
export function createFrameFetch(fetcher: FrameFetcher, base: () => URL): typeof fetch {
  const plain = globalThis.fetch;
  return async (input, init) => {
    const address = typeof input === 'string' || input instanceof URL ? new URL(input, base()) : input;
    const request = new Request(address, init);
    if (!/^https?:/.test(request.url)) return plain(request);
    const headers: PreviewHeaders = [...request.headers];
    const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
    const answer = await fetcher.ask({
      url: request.url,
      method: request.method,
      headers,
      body: hasBody ? await request.arrayBuffer() : undefined,
      destination: '',
      referrer: base().href,
      signal: request.signal,
    });
    // To a script, what has no answer has failed.
    if (answer.headers.has('x-strata-error')) throw new TypeError(new TextDecoder().decode(await fetcher.read(answer)));
    const { status, reason } = answer;
    return new Response(bodiless.has(status) ? null : answer.body, {
      status,
      statusText: reason,
      headers: answer.headers,
    });
  };
}
