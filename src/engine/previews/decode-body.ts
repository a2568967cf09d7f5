import type { PreviewHeaders } from '../../api/preview';
import { SandboxError } from '../../base/errors';
import { headerTokens } from '../../formats/wire/http-head';

const formats = new Map<string, CompressionFormat>([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
]);

export interface DecodedBody {
  readonly headers: PreviewHeaders;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Undoes `Content-Encoding`, which a browser does only for what came from its own network. It is undone as it is
 * read, so what would become gigabytes never is. `Unimplemented` for what cannot be undone here.
 */
export function decodeBody(headers: PreviewHeaders, body: DecodedBody['body']): DecodedBody {
  const codings = headerTokens(headers, 'content-encoding').filter((each) => each !== 'identity');
  if (codings.length === 0) return { headers, body };
  const [coding = ''] = codings;
  const format = formats.get(coding);
  if (codings.length > 1 || !format) {
    const message = `The server sent its answer encoded as ${codings.join(', ')}, which was not asked for`;
    throw new SandboxError('Unimplemented', message);
  }
  const about = new Set(['content-encoding', 'content-length']);
  return {
    headers: headers.filter(([name]) => !about.has(name.toLowerCase())),
    // Bytes in, bytes out: what the types of streams say of compression is wider than what it is.
    body: body.pipeThrough(new DecompressionStream(format) as unknown as ReadableWritablePair<never, Uint8Array>),
  };
}
