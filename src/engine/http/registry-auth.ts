import type { Credentials } from '../../api/distribution';
import { SandboxError } from '../../base/errors';
import { type Fields, optionalString } from '../../formats/oci-parse';

/** Who a client says that it is at a registry. */
export interface RegistryAuth {
  /** As the client wrote it: `https://index.docker.io/v1/`, `localhost:5000`. */
  readonly server?: string;
  readonly credentials: Credentials;
}

/**
 * The header `X-Registry-Auth`: base64url of JSON. Undefined where it names nobody. `InvalidArgument` for what is not JSON,
 * and `Unimplemented` for identity tokens.
 */
export function parseRegistryAuth(header: string | null): RegistryAuth | undefined {
  if (header === null || header === '') return undefined;
  try {
    const text = atob(header.replaceAll('-', '+').replaceAll('_', '/'));
    const document: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    if (typeof document === 'object' && document !== null) return readRegistryAuth(document as Fields);
  } catch (error) {
    if (error instanceof SandboxError) throw error;
  }
  throw new SandboxError('InvalidArgument', 'invalid X-Registry-Auth header: it is no JSON in base64url');
}

/** The same from the body of `POST /auth`. */
export function readRegistryAuth(fields: Fields): RegistryAuth | undefined {
  const username = optionalString(fields['username'] ?? undefined, 'username') ?? '';
  const password = optionalString(fields['password'] ?? undefined, 'password') ?? '';
  const server = optionalString(fields['serveraddress'] ?? undefined, 'serveraddress') ?? '';
  if (fields['identitytoken']) {
    throw new SandboxError('Unimplemented', 'Identity tokens are not spoken here: log in with a name and a password');
  }
  if (username === '') return undefined;
  return { ...(server !== '' && { server }), credentials: { username, password } };
}

/** The name of a registry as references have it. */
export function registryName(server: string | undefined): string {
  if (server === undefined) return 'docker.io';
  const host = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}
