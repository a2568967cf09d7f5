import type { Clock } from '../../base/clock';

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly httpOnly: boolean;
  /** Milliseconds since the epoch; never, for one of the session. */
  readonly expiresAt: number;
  /** Order of creation. */
  readonly number: number;
}

/** Of one instance; what browsers allow for one site. Those that were made first give way. */
const maxCookies = 180;
/** Name, value and attributes (RFC 6265, 6.1). */
const maxCookieBytes = 4096;

/**
 * The cookies of one instance (RFC 6265), as its pages and its servers see them. Ports share them, as they do on any
 * host; `Domain` means nothing, since no other instance shares them; `Secure` does not keep one from being sent,
 * since nobody listens between the page and a guest (browsers treat localhost the same).
 */
export class CookieJar {
  readonly #clock: Clock;
  readonly #cookies = new Map<string, Cookie>();
  #created = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Takes a `Set-Cookie` header that came with an answer to a request for `path`, or what a script of a page there
   * sets. False when it is none that can be taken.
   */
  set(header: string, path: string, byScript = false): boolean {
    if (header.length > maxCookieBytes || /[\0-\x08\x0a-\x1f\x7f]/.test(header)) return false;
    const [pair = '', ...rest] = header.split(';');
    const [name, value] = splitPair(pair);
    if (name === '' && value === '') return false;
    const attributes = new Map(rest.map((each) => splitAttribute(each)));
    const given = attributes.get('path') ?? '';
    const own = given.startsWith('/') ? given : defaultPath(path);
    if (!prefixHolds(name, attributes, own)) return false;
    const httpOnly = attributes.has('httponly');
    if (byScript && httpOnly) return false;
    const key = `${own} ${name}`;
    const before = this.#cookies.get(key);
    if (byScript && before?.httpOnly) return false;
    const expiresAt = expiryOf(attributes, this.#clock.now());
    this.#cookies.delete(key);
    if (expiresAt <= this.#clock.now()) return true;
    this.#created += 1;
    this.#cookies.set(key, { name, value, path: own, httpOnly, expiresAt, number: before?.number ?? this.#created });
    const [oldest] = this.#cookies.keys();
    if (this.#cookies.size > maxCookies && oldest !== undefined) this.#cookies.delete(oldest);
    return true;
  }

  /** The `Cookie` header for a request; empty when there is nothing to send. */
  header(path: string): string {
    return this.#matching(path, () => true);
  }

  /** What scripts see. */
  visible(path: string): string {
    return this.#matching(path, ({ httpOnly }) => !httpOnly);
  }

  #matching(path: string, wanted: (cookie: Cookie) => boolean): string {
    const now = this.#clock.now();
    for (const [key, { expiresAt }] of this.#cookies) if (expiresAt <= now) this.#cookies.delete(key);
    return [...this.#cookies.values()]
      .filter((cookie) => pathMatches(path, cookie.path) && wanted(cookie))
      .sort((a, b) => b.path.length - a.path.length || a.number - b.number)
      .map(({ name, value }) => (name === '' ? value : `${name}=${value}`))
      .join('; ');
  }
}

function splitPair(pair: string): readonly [name: string, value: string] {
  const at = pair.indexOf('=');
  return at < 0 ? ['', pair.trim()] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
}

function splitAttribute(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  const [name, value] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  return [name.trim().toLowerCase(), value.trim()];
}

/** `__Secure-` and `__Host-` promise what their attributes must keep (RFC 6265bis, 4.1.3). */
function prefixHolds(name: string, attributes: ReadonlyMap<string, string>, path: string): boolean {
  const lower = name.toLowerCase();
  if (lower.startsWith('__secure-')) return attributes.has('secure');
  if (!lower.startsWith('__host-')) return true;
  return attributes.has('secure') && !attributes.has('domain') && path === '/';
}

/** RFC 6265, 5.1.4. */
function defaultPath(path: string): string {
  const last = path.lastIndexOf('/');
  return !path.startsWith('/') || last === 0 ? '/' : path.slice(0, last);
}

function pathMatches(path: string, own: string): boolean {
  return path === own || (path.startsWith(own) && (own.endsWith('/') || path[own.length] === '/'));
}

/** `Max-Age` goes before `Expires` (RFC 6265, 5.3). */
function expiryOf(attributes: ReadonlyMap<string, string>, now: number): number {
  const age = attributes.get('max-age');
  if (age !== undefined && /^-?\d+$/.test(age)) return now + Number(age) * 1000;
  const at = Date.parse((attributes.get('expires') ?? '').replace(/-/g, ' '));
  return Number.isNaN(at) ? Number.POSITIVE_INFINITY : at;
}
