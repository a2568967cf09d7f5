import { createServer } from 'node:http';
import { fileHeaders } from '../headers.mjs';
import { listen } from './listen.mjs';
import { startPreviews } from './previews.mjs';
import { createRegistry } from './registry.mjs';
import { sendFile } from './send-file.mjs';
import { sendText } from './send-text.mjs';
import { findFile } from './static-files.mjs';

/**
 * @typedef {object} ServeOptions
 * @property {string} site folder of the built page
 * @property {string} registry image layout, shown as files under /registry/ and as a registry under /v2/
 * @property {string} [previewSite] folder of what preview origins serve; without, there are none
 * @property {string} [host] loopback unless said
 * @property {number} [port] 0, any free one, unless said; previews get a free one after it
 * @property {number} [neighbours] how many ports after a busy one are tried; none unless said
 * @property {import('../headers.mjs').HeaderOptions} [headers]
 *
 * @typedef {object} RunningServer
 * @property {string} url address of the page, with a slash at its end
 * @property {number} port
 * @property {string} [previews] origin of previews, with `{name}` for the name of each
 * @property {() => Promise<void>} close ends every connection too
 */

/**
 * Serves the built page, the registry, and on a second port what previews of guests' pages need.
 * @param {ServeOptions} options
 * @returns {Promise<RunningServer>}
 * @throws an error with the code EADDRINUSE when no port was free
 */
export async function startServer(options) {
  const host = options.host ?? '127.0.0.1';
  /** @type {string | undefined} known once the page's own port is */
  let previews;
  const page = await listen(
    createServer(createHandler(options, () => previews)),
    host,
    options.port ?? 0,
    options.neighbours ?? 0,
  );
  const origins = [`http://${urlHost(host)}:${page.port}`, `http://localhost:${page.port}`];
  // Names under localhost are this machine's in any browser: for others there is no second origin here.
  const second =
    options.previewSite !== undefined && isLoopback(host)
      ? await startPreviews({ site: options.previewSite, host, after: options.port === 0 ? 0 : page.port, origins })
      : undefined;
  previews = second?.origin;
  return {
    url: `${origins[0]}/`,
    port: page.port,
    ...(previews !== undefined && { previews }),
    close: async () => {
      await Promise.all([page.close(), second?.close()]);
    },
  };
}

/** @param {string} host */
function isLoopback(host) {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/**
 * The numbers rather than `localhost`, which a browser may take for ::1, where another server may listen;
 * both count as secure. A wildcard address is no address to open.
 * @param {string} host
 */
function urlHost(host) {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * @param {ServeOptions} options
 * @param {() => string | undefined} previews their origin, with `{name}`
 * @returns {import('node:http').RequestListener}
 */
function createHandler({ site, registry, headers }, previews) {
  const registryHandler = createRegistry(registry);
  return (request, response) => {
    const origin = previews();
    const path = parseTarget(request.url)?.pathname ?? '/';
    const common = fileHeaders(path, { ...headers, ...(origin !== undefined && { previews: origin }) });
    for (const [name, value] of Object.entries(common)) response.setHeader(name, value);
    answer(request, response).catch((error) => fail(request, response, error));
  };

  /** @type {(request: import('./send-file.mjs').Request, response: import('./send-file.mjs').Response) => Promise<void>} */
  async function answer(request, response) {
    const url = parseTarget(request.url);
    if (!url) return sendText(response, 400, 'Bad request');
    if (/^\/v2(\/|$)/.test(url.pathname)) return registryHandler(request, response, url);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return sendText(response, 405, 'Method not allowed');
    }
    if (url.pathname === '/preview.json') return sendText(response, 200, previewConfig(previews()), 'application/json');
    const inRegistry = url.pathname.startsWith('/registry/');
    const file = await (inRegistry ? findFile(registry, url.pathname.slice(9)) : findFile(site, url.pathname));
    return file ? sendFile(request, response, file) : sendText(response, 404, 'Not found');
  }
}

/**
 * Takes the request target as it came: URL's own parser would resolve the dots of a path away, and with them
 * what an attacker asked for.
 * @param {string | undefined} target
 */
function parseTarget(target = '') {
  if (!target.startsWith('/') || target.startsWith('//')) return undefined;
  const url = new URL(target, 'http://localhost');
  return url.pathname === target.split(/[?#]/)[0] ? url : undefined;
}

/** @param {string | undefined} origin */
function previewConfig(origin) {
  return JSON.stringify(origin === undefined ? {} : { origin });
}

/**
 * A client that went away is no failure; anything else is said on the console and ends this response only.
 * @param {import('./send-file.mjs').Request} request
 * @param {import('./send-file.mjs').Response} response
 * @param {unknown} error
 */
function fail(request, response, error) {
  if (response.destroyed) return;
  console.error(`${request.method} ${request.url}:`, error);
  if (response.headersSent) response.destroy();
  else sendText(response, 500, 'Internal server error');
}
