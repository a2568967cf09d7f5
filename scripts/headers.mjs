/**
 * The response headers of the page, of its workers and of every other file. One list for the server that
 * `npm start` runs, for vite's own servers and for the tests; docs/ARCHITECTURE.md says what each part is for.
 */

/** Trusted Types policies that may exist: ours for worker URLs, and Lit's for its templates. */
const trustedTypePolicies = ['strata', 'lit-html'];

/**
 * @typedef {object} HeaderOptions
 * @property {boolean} [isolated] Whether the page may use SharedArrayBuffer; true unless said. Tests of the page
 *   without isolation switch it off.
 * @property {readonly string[]} [connect] Origins besides our own that scripts may fetch from, such as registries.
 * @property {string} [previews] Origin of previews, with `{name}` for the name of each: the page may frame them.
 * @property {readonly string[]} [frameAncestors] Who may embed the page, as sources of CSP's frame-ancestors.
 */

/**
 * Content-Security-Policy (CSP Level 3, Trusted Types).
 *
 * - `'wasm-unsafe-eval'` compiles WebAssembly, the emulator's own and what its JIT writes; it allows no eval.
 * - `style-src 'self'`: components use constructed stylesheets, which need no permission.
 * @param {HeaderOptions} [options]
 * @returns {string}
 */
export function contentSecurityPolicy({ connect = [], previews, frameAncestors = ["'self'"] } = {}) {
  const directives = {
    'default-src': ["'self'"],
    'script-src': ["'self'", "'wasm-unsafe-eval'"],
    'style-src': ["'self'"],
    'worker-src': ["'self'"],
    'connect-src': ["'self'", ...connect],
    'img-src': ["'self'", 'data:', 'blob:'],
    'font-src': ["'self'"],
    // Guests' pages: on their own origins, or in a frame of ours that has none.
    'frame-src': ["'self'", ...(previews === undefined ? [] : [previews.replace('{name}', '*')])],
    'object-src': ["'none'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': frameAncestors,
    'require-trusted-types-for': ["'script'"],
    'trusted-types': trustedTypePolicies,
  };
  return serialize(directives);
}

/** @param {Record<string, readonly string[]>} directives */
function serialize(directives) {
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources.join(' ')}`)
    .join('; ');
}

/**
 * The policy of preview-frame.html, in which a guest's page stands that has no origin of its own. `sandbox` takes it away, in
 * a frame and where the file is opened by itself: never is a guest's script one of ours. Who may embed the page has this
 * frame below it as well.
 * @param {Pick<HeaderOptions, 'frameAncestors'>} [options]
 * @returns {string}
 */
export function framePolicy({ frameAncestors = [] } = {}) {
  return serialize({
    'default-src': ["'none'"],
    'script-src': ["'unsafe-inline'", "'unsafe-eval'", 'blob:', 'data:'],
    'style-src': ["'unsafe-inline'", 'blob:', 'data:'],
    'img-src': ['blob:', 'data:'],
    'font-src': ['blob:', 'data:'],
    'media-src': ['blob:', 'data:'],
    'connect-src': ['blob:', 'data:'],
    'form-action': ["'none'"],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'self'", ...frameAncestors],
    sandbox: ['allow-scripts', 'allow-forms'],
  });
}

/**
 * Headers of what a preview origin has of ours. Guests' pages get theirs from the lab.
 * @param {readonly string[]} origins where the page is
 * @returns {Record<string, string>}
 */
export function previewHeaders(origins) {
  return {
    'Content-Security-Policy': serialize({
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'connect-src': ["'self'"],
      'worker-src': ["'self'"],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'self'", ...origins],
    }),
    // The page that frames it takes nothing else.
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'X-Content-Type-Options': 'nosniff',
  };
}

/** What other sites may have: labs in their pages, with the files that these need. */
const foreign = /^\/(embed\.html$|sdk\/|assets\/|registry\/|scenarios\/|icons\/)/;

/**
 * Headers of a file of the page, by its path from there with a slash before it. Whoever embeds a lab may frame embed.html; a
 * sandboxed frame has no origin, so that even its own scripts are another's to it.
 * @param {string} path
 * @param {HeaderOptions} [options]
 * @returns {Record<string, string>}
 */
export function fileHeaders(path, options = {}) {
  const framed = path === '/embed.html' ? { ...options, frameAncestors: ['*'] } : options;
  const policy = path === '/preview-frame.html' && { 'Content-Security-Policy': framePolicy(options) };
  const released = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };
  return { ...securityHeaders(framed), ...policy, ...(foreign.test(path) && released) };
}

/** Device features the page has no use for. */
const deniedFeatures = ['camera', 'geolocation', 'microphone', 'midi', 'payment', 'usb', 'serial', 'hid'];

/**
 * Headers for every response. Workers take their policy from their own response, so scripts need them as
 * much as the page does.
 * @param {HeaderOptions} [options]
 * @returns {Record<string, string>}
 */
export function securityHeaders(options = {}) {
  const isolation = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Document-Isolation-Policy': 'isolate-and-require-corp',
  };
  return {
    'Content-Security-Policy': contentSecurityPolicy(options),
    ...(options.isolated === false ? {} : isolation),
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': deniedFeatures.map((feature) => `${feature}=()`).join(', '),
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
}
