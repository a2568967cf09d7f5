import type { PreviewHeaders } from '../../api/preview';
import { headerValue } from '../../formats/wire/http-head';
import type { PreviewStation } from './preview-station';
import type { PreviewPlace, PreviewTarget } from './preview-target';

/**
 * Of a guest's answer, what a page does not get. The first are about the browser's own bookkeeping of an origin, and
 * what they would do reaches beyond the answer; the next are replaced by ours; the last the browser would not
 * understand, since what it gets is not what was on the wire.
 */
const dropped = new Set([
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'clear-site-data',
  'service-worker-allowed',
  'public-key-pins',
  'expect-ct',
  'alt-svc',
  'nel',
  'report-to',
  'reporting-endpoints',
  'accept-ch',
  'critical-ch',
  'origin-trial',
  'origin-agent-cluster',
  'supports-loading-mode',
  'speculation-rules',
  'content-security-policy',
  'content-security-policy-report-only',
  'x-frame-options',
  'cross-origin-opener-policy',
  'cross-origin-opener-policy-report-only',
  'cross-origin-embedder-policy',
  'cross-origin-embedder-policy-report-only',
  'cross-origin-resource-policy',
  'document-isolation-policy',
  'permissions-policy',
  'feature-policy',
  'upgrade',
  'sourcemap',
  'x-sourcemap',
]);

/** Directives of a guest's policy that would keep its page out of its pane, or tell somebody outside. */
const unwanted = new Set(['frame-ancestors', 'report-uri', 'report-to', 'sandbox', 'upgrade-insecure-requests']);

/** Names that a policy lists; more are not reached by absolute URLs. */
const maxHosts = 64;

export interface PolicyOptions {
  /** Origins that may show the page in a frame: the app's, and whoever embeds the app. */
  readonly embedders: readonly string[];
  readonly instances: readonly PreviewStation[];
}

/**
 * The policy of a guest's page: it may do what it likes with what comes from the guests of its networks, and reaches
 * nothing else. Egress is the lab's to give, not the page's to take.
 */
export function previewPolicy(place: PreviewPlace, { embedders, instances }: PolicyOptions): string {
  const networks = new Set(place.instance.nics.map(({ network }) => network));
  const hosts = instances
    .flatMap(({ name, nics }) => nics.flatMap((nic) => (networks.has(nic.network) ? [name, nic.address] : [])))
    .slice(0, maxHosts)
    .map((host) => `http://${host}:*`);
  const own = ["'self'", 'data:', 'blob:', ...hosts].join(' ');
  return [
    `default-src ${own} 'unsafe-inline' 'unsafe-eval'`,
    `form-action 'self' ${hosts.join(' ')}`,
    "object-src 'self'",
    `base-uri ${own}`,
    `frame-ancestors 'self' ${embedders.join(' ')}`,
    ...(place.origin.startsWith('https:') ? ['upgrade-insecure-requests'] : []),
  ].join('; ');
}

/** The headers that a page gets with a guest's answer; `hosts` are those that may be called by their own names. */
export function answerHeaders(
  headers: PreviewHeaders,
  target: PreviewTarget,
  place: PreviewPlace,
  policy: string,
): PreviewHeaders {
  const passed = headers.flatMap(([name, value]): PreviewHeaders => {
    const lower = name.toLowerCase();
    if (dropped.has(lower)) return [];
    return lower === 'location' ? [[name, locationOf(value, target, place)]] : [[name, value]];
  });
  const theirs = headers
    .filter(([name]) => name.toLowerCase() === 'content-security-policy')
    .map(([name, value]): PreviewHeaders[number] => [name, withoutUnwanted(value)])
    .filter(([, value]) => value !== '');
  return [...passed, ...theirs, ...ownHeaders(policy)];
}

/** What every answer carries, those of our own too: the app's page takes nothing without in its frames. */
export function ownHeaders(policy: string): PreviewHeaders {
  return [
    ['Content-Security-Policy', policy],
    ['Cross-Origin-Embedder-Policy', 'require-corp'],
    ['Cross-Origin-Resource-Policy', 'cross-origin'],
  ];
}

/** Where a redirect leads: of an address of the published port, to the preview of it. */
function locationOf(location: string, { path, host, nic }: PreviewTarget, { origin, port }: PreviewPlace): string {
  try {
    const at = new URL(location, `http://${host}${path}`);
    const here = [host, `${nic.address}:${port}`, ...(port === 80 ? [nic.address] : [])];
    return here.includes(at.host) ? `${origin}${at.pathname}${at.search}${at.hash}` : at.href;
  } catch {
    return location;
  }
}

function withoutUnwanted(policy: string): string {
  return policy
    .split(';')
    .map((directive) => directive.trim())
    .filter((directive) => directive !== '' && !unwanted.has(directive.split(/\s/)[0]?.toLowerCase() ?? ''))
    .join('; ');
}

/** Headers of a page's request that the guest does not get, or gets otherwise. */
const replaced = new Set([
  'host',
  'cookie',
  'origin',
  'referer',
  'content-length',
  'expect',
  'upgrade-insecure-requests',
]);

export interface RequestTexts {
  readonly method: string;
  readonly referrer: string;
  readonly cookie: string;
  /** Bytes of the body, where they are known before it is sent. */
  readonly length?: number;
}

/** The headers of a request as the guest gets it: as if its page came from its own name, which it does. */
export function requestHeaders(
  headers: PreviewHeaders,
  target: PreviewTarget,
  { origin }: PreviewPlace,
  { method, referrer, cookie, length }: RequestTexts,
): PreviewHeaders {
  const passed = headers.filter(([name]) => !replaced.has(name.toLowerCase()));
  const own = `http://${target.host}`;
  const from = referrer.startsWith(`${origin}/`) ? `${own}${referrer.slice(origin.length)}` : '';
  const { host, protocol } = new URL(origin);
  return [
    ['Host', target.host],
    ...passed,
    ...(from === '' ? [] : [['Referer', from] as const]),
    ...(method === 'GET' || method === 'HEAD' ? [] : [['Origin', own] as const]),
    ...(cookie === '' ? [] : [['Cookie', cookie] as const]),
    ...(length === undefined ? [] : [['Content-Length', String(length)] as const]),
    ['X-Forwarded-Host', host],
    ['X-Forwarded-Proto', protocol.slice(0, -1)],
  ];
}

/** Whether a header says that the body is a page. */
export function isHtml(headers: PreviewHeaders): boolean {
  return /^text\/html\s*(;|$)/i.test(headerValue(headers, 'content-type') ?? '');
}
