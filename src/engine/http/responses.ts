/** An answer in JSON, with a line's end as moby's encoder writes it. */
export function json(value: unknown, status = 200): Response {
  return new Response(`${JSON.stringify(value)}\n`, { status, headers: { 'content-type': 'application/json' } });
}

/** An answer without a body. */
export function empty(status: 200 | 201 | 204 | 304 = 204): Response {
  return new Response(null, { status });
}

/** A tar as it comes. */
export function tar(stream: ReadableStream<Uint8Array>): Response {
  return new Response(stream, { headers: { 'content-type': 'application/x-tar' } });
}
