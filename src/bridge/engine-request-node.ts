import type { IncomingMessage } from 'node:http';

/** What came in by a socket, as the router takes it. The host's name in it means nothing. */
export function engineRequest(
  { method = 'GET', url = '/', headers }: IncomingMessage,
  body: BodyInit | undefined,
  signal: AbortSignal,
): Request {
  const given = Object.entries(headers).flatMap(([name, value = '']): [string, string][] =>
    (Array.isArray(value) ? value : [value]).map((each) => [name, each]),
  );
  const hasBody = body !== undefined && method !== 'GET' && method !== 'HEAD';
  // Node wants to be told that a body may still come while the answer is on its way; its types do not know it.
  const init: RequestInit & { duplex?: 'half' } = {
    method,
    headers: given,
    signal,
    ...(hasBody && { body, duplex: 'half' }),
  };
  return new Request(new URL(url.replace(/^\/+/, '/'), 'http://engine'), init);
}
