import { decodeBase64 } from '../../base/base64';
import { SandboxError } from '../../base/errors';

/** BuildKit's limit for one secret, bytes. */
const maxSecretBytes = 500 * 1024;

/**
 * The header `X-Build-Secrets`, which is ours, for `RUN --mount=type=secret`: base64url of `{"id": "base64 of the secret"}`.
 * Docker's client has secrets in BuildKit's sessions alone. `InvalidArgument` for what is no such thing.
 */
export function buildSecrets(headers: Headers): Readonly<Record<string, Uint8Array<ArrayBuffer>>> | undefined {
  const header = headers.get('x-build-secrets');
  if (header === null || header === '') return undefined;
  let given: readonly (readonly [string, Uint8Array<ArrayBuffer>])[];
  try {
    const text = new TextDecoder().decode(decodeBase64(header.replaceAll('-', '+').replaceAll('_', '/')));
    const document: Readonly<Record<string, unknown>> = JSON.parse(text);
    given = Object.entries(document).map(([id, secret]) => [id, decodeBase64(String(secret))] as const);
  } catch {
    throw new SandboxError('InvalidArgument', 'invalid X-Build-Secrets header: it is no JSON of base64 in base64url');
  }
  const large = given.find(([, { length }]) => length > maxSecretBytes);
  if (!large) return Object.fromEntries(given);
  throw new SandboxError('InvalidArgument', `invalid secret size ${large[1].length} of ${large[0]}: 500 KiB at most`);
}
