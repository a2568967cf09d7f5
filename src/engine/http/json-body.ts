import { SandboxError } from '../../base/errors';
import type { Fields } from '../../formats/oci-parse';

/** Bytes; what a client sends as JSON is a few kilobytes. */
const bodyLimit = 4 * 1024 * 1024;

/**
 * The JSON of a request's body, an object; an empty one where there is none. `InvalidArgument` in moby's words for what
 * is no JSON, or is said to be something else (api/server/httputils).
 */
export async function readJsonBody(request: Request): Promise<Fields> {
  const text = await readText(request);
  if (text === '') return {};
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json') {
    const message = `unsupported Content-Type header (${type.trim()}): must be 'application/json'`;
    throw new SandboxError('InvalidArgument', message);
  }
  const value = parse(text);
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  throw new SandboxError('InvalidArgument', 'invalid JSON: the body is no object');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SandboxError('InvalidArgument', `invalid JSON: ${why}`);
  }
}

async function readText(request: Request): Promise<string> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > bodyLimit) {
    throw new SandboxError(
      'InvalidArgument',
      `http: request body too large: at most ${bodyLimit} bytes of JSON are read`,
    );
  }
  return new TextDecoder().decode(bytes);
}
