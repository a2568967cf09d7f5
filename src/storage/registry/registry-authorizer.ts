import type { Credentials, FindCredentials } from '../../api/distribution';
import { encodeBase64 } from '../../base/base64';
import { SandboxError } from '../../base/errors';
import { type Challenge, parseChallenges } from '../../formats/www-authenticate';
import { readLimited } from '../read-body';
import { SharedTasks } from '../shared-tasks';
import { isLoopback } from './registry-address';
import type { Authorizer, Transport } from './transport';

export interface AuthorizerOptions {
  /** As in references: `docker.io`. */
  readonly registry: string;
  /** `https://registry-1.docker.io` */
  readonly origin: string;
  readonly transport: Transport;
  readonly credentials: FindCredentials;
}

interface Token {
  readonly header: string;
  /** On the clock's monotonic time. */
  readonly expiresAt: number;
}

/** Bytes of a token server's answer; tokens have one to four kilobytes. */
const answerLimit = 64 * 1024;
/** Seconds that a token is good for when nothing is said (distribution, docs/spec/auth/token.md). */
const defaultLifeSeconds = 60;
/** Tokens are renewed this much earlier, for the way that they have to go; a tenth of a shorter life. */
const marginMs = 5000;

/**
 * Who we are at one registry: nobody, by name and password, or by tokens that a server named by the registry gives for them
 * (distribution, docs/spec/auth/token.md). Credentials go to the registry and to that server, and to nobody else.
 */
export class RegistryAuthorizer implements Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #tokens = new Map<string, Token>();
  readonly #fetching = new SharedTasks<Token>();
  /** The challenge that was answered last: later tokens are fetched before they are asked for. */
  #bearer: Challenge | undefined;
  #basic: string | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  async authorize(scope: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const bearer = this.#bearer;
    return bearer ? (await this.#token(bearer, scope, signal)).header : this.#basic;
  }

  async answer(
    response: Response,
    scope: readonly string[],
    refused: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const challenges = parseChallenges(response.headers.get('www-authenticate') ?? '');
    const bearer = challenges.find(({ scheme, params }) => scheme === 'bearer' && params.has('realm'));
    if (bearer) {
      this.#bearer = bearer;
      if (this.#tokens.get(keyOf(scope))?.header === refused) this.#tokens.delete(keyOf(scope));
      return (await this.#token(bearer, scope, signal)).header;
    }
    // To a page of another site the challenge may not be shown (CORS); a name and a password for this registry are there
    // to be asked for.
    if (challenges.length > 0 && !challenges.some(({ scheme }) => scheme === 'basic')) return undefined;
    const credentials = await this.#credentials();
    this.#basic = credentials && basicHeader(credentials);
    return this.#basic === refused ? undefined : this.#basic;
  }

  async #token(challenge: Challenge, scope: readonly string[], signal: AbortSignal): Promise<Token> {
    const key = keyOf(scope);
    const known = this.#tokens.get(key);
    if (known && this.#options.transport.clock.monotonic() < known.expiresAt) return known;
    return this.#fetching.run(key, { signal }, async (operation) => {
      const token = await this.#fetchToken(challenge, scope, operation.signal);
      this.#tokens.set(key, token);
      return token;
    });
  }

  async #fetchToken(challenge: Challenge, scope: readonly string[], signal: AbortSignal | undefined): Promise<Token> {
    const { registry, transport } = this.#options;
    const url = this.#tokenUrl(challenge, scope);
    const credentials = await this.#credentials();
    const asked = transport.clock.monotonic();
    const bytes = await transport.exchange(
      {
        method: 'GET',
        url: url.href,
        subject: { action: 'login', name: registry },
        ...(credentials && { headers: { Authorization: basicHeader(credentials) } }),
        // A token server has no reason to send credentials on.
        redirect: 'error',
      },
      signal,
      (response) => readLimited(response, answerLimit),
    );
    return parseToken(bytes, asked, url.host);
  }

  #tokenUrl(challenge: Challenge, scope: readonly string[]): URL {
    const realm = challenge.params.get('realm') ?? '';
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    const { registry, origin } = this.#options;
    // Plain HTTP is for registries on this machine, and their servers are on it too.
    const sound =
      url?.protocol === 'https:' ||
      (url?.protocol === 'http:' && isLoopback(url.hostname) && origin.startsWith('http:'));
    if (!url || !sound || url.username !== '' || url.password !== '') {
      const message = `${registry} sends to ${realm.slice(0, 200)} for a token, which is no https address; it is not asked`;
      throw new SandboxError('FailedPrecondition', message, { details: { registry } });
    }
    const service = challenge.params.get('service');
    if (service !== undefined && !url.searchParams.has('service')) url.searchParams.set('service', service);
    for (const each of scope) url.searchParams.append('scope', each);
    return url;
  }

  #credentials(): Promise<Credentials | undefined> {
    return this.#options.credentials(this.#options.registry);
  }
}

function keyOf(scope: readonly string[]): string {
  return scope.join(' ');
}

/** RFC 7617, with the user's name and password in UTF-8. */
function basicHeader({ username, password }: Credentials): string {
  if (username.includes(':')) {
    throw new SandboxError('InvalidArgument', `A user's name cannot have a colon in it: ${username.slice(0, 80)}`);
  }
  return `Basic ${encodeBase64(new TextEncoder().encode(`${username}:${password}`))}`;
}

function parseToken(bytes: Uint8Array, asked: number, host: string): Token {
  let fields: { token?: unknown; access_token?: unknown; expires_in?: unknown } | null;
  try {
    fields = JSON.parse(new TextDecoder().decode(bytes)) as typeof fields;
  } catch (cause) {
    throw new SandboxError('InvalidArgument', `${host} answered with something that is no token`, { cause });
  }
  const token = fields?.token || fields?.access_token;
  // What is sent as a header has no spaces and no line breaks.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new SandboxError('InvalidArgument', `${host} answered without a token`);
  }
  const said = fields?.expires_in;
  const lifeMs = (typeof said === 'number' && said > 0 ? said : defaultLifeSeconds) * 1000;
  return { header: `Bearer ${token}`, expiresAt: asked + lifeMs - Math.min(marginMs, lifeMs / 10) };
}
