import { type ErrorCode, type ErrorDetails, SandboxError } from '../../base/errors';
import { readLimited } from '../read-body';

/** Bytes of an error's body that are read. */
const bodyLimit = 64 * 1024;
const wordsLimit = 300;

/** What was asked for, for messages. */
export interface Subject {
  readonly action: 'pull' | 'push' | 'login';
  /** As docker shows it: `busybox`; of a login, the registry. */
  readonly name: string;
  /** A tag or a digest, when a manifest was asked for. */
  readonly manifest?: string;
}

/**
 * What an answer that is no success means, in docker's words where docker has words for it (moby, distribution/errors.go).
 * `Unavailable` for what may pass, with `retryAfterMs` when the server says when.
 */
export async function errorOfResponse(response: Response, subject: Subject, now: number): Promise<SandboxError> {
  const { status } = response;
  const words = await wordsOf(response);
  const details = { status, url: response.url };
  const fail = (code: ErrorCode, message: string, more: ErrorDetails = {}): SandboxError =>
    new SandboxError(code, message, { details: { ...details, ...more } });
  if (status === 401 || status === 403) return denied(status, subject, words, fail);
  if (status === 404) return fail('NotFound', notFound(subject, words));
  if (status === 429 || status >= 500) {
    const wait = retryAfter(response, now);
    const later = wait === undefined ? '' : `; it asks to wait for ${Math.ceil(wait / 1000)} seconds`;
    const limited = status === 429 ? `${words ?? 'toomanyrequests: too many requests'}${later}` : undefined;
    const message = limited ?? `${hostOf(response)} answered ${status}${words ? ` (${words})` : ''}${later}; try again`;
    return fail('Unavailable', capitalized(message), wait === undefined ? {} : { retryAfterMs: wait });
  }
  const what = `${hostOf(response)} answered ${status}${words ? `: ${words}` : ''}`;
  return fail('FailedPrecondition', `Cannot ${subject.action} ${subject.name}: ${what}`);
}

type Fail = (code: ErrorCode, message: string, more?: ErrorDetails) => SandboxError;

function denied(status: number, { action, name }: Subject, words: string | undefined, fail: Fail): SandboxError {
  const reason = status === 401 ? 'unauthorized' : 'denied';
  const said =
    words ??
    (status === 401 ? 'unauthorized: authentication required' : 'denied: requested access to the resource is denied');
  const denials = {
    pull: `Pull access denied for ${name}, repository does not exist or may require 'docker login'`,
    push: `Push access denied for ${name}, it may require 'docker login'`,
    login: `Login to ${name} failed`,
  };
  return fail('FailedPrecondition', `${denials[action]}: ${said}`, { reason });
}

function notFound({ action, name, manifest }: Subject, words: string | undefined): string {
  if (action === 'login') return `Not a registry: ${name} does not know /v2/ (distribution-spec v1.1)`;
  if (manifest === undefined) return `Not found in ${name}: ${words ?? 'the registry has no such blob'}`;
  const full = manifest.includes(':') ? `${name}@${manifest}` : `${name}:${manifest}`;
  return `Manifest for ${full} not found: ${words ?? 'manifest unknown'}`;
}

/** The first error of the body (distribution-spec, "Error Codes") as docker prints it: `denied: requested access …`. */
async function wordsOf(response: Response): Promise<string | undefined> {
  try {
    const bytes = await readLimited(response, bodyLimit);
    const { errors } = JSON.parse(new TextDecoder().decode(bytes)) as { errors?: readonly unknown[] };
    const first = errors?.[0] as { code?: unknown; message?: unknown } | undefined;
    const [code, message] = [first?.code, first?.message].map((each) => (typeof each === 'string' ? each : ''));
    const text = [code?.toLowerCase().replaceAll('_', ' '), message].filter(Boolean).join(': ');
    return text === '' ? undefined : text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, wordsLimit);
  } catch {
    return undefined;
  }
}

/** Milliseconds (RFC 9110, section 10.2.3: seconds, or a date). */
function retryAfter({ headers }: Response, now: number): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function hostOf({ url }: Response): string {
  return URL.canParse(url) ? new URL(url).host : 'The registry';
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
