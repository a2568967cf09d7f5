import { encodeBase64 } from '../../base/base64';
import type { Credentials } from './credentials';

/** Name of docker.io where users log in. */
export const indexServer = 'https://index.docker.io/v1/';

/** What the daemon is told of the user of a registry (Engine API, "Authentication"): JSON in base64url. */
export function authHeader(credentials: Credentials, registry: string): Readonly<Record<string, string>> {
  const login = credentials.get(registry);
  if (!login) return {};
  const server = registry === 'docker.io' ? indexServer : registry;
  const json = JSON.stringify({ username: login.username, password: login.password, serveraddress: server });
  const encoded = encodeBase64(new TextEncoder().encode(json)).replaceAll('+', '-').replaceAll('/', '_');
  return { 'X-Registry-Auth': encoded };
}
