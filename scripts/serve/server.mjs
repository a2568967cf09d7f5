import { createServer } from 'node:http';
import { securityHeaders } from '../headers.mjs';
import { createRegistry } from './registry.mjs';
import { sendFile } from './send-file.mjs';
import { findFile } from './static-files.mjs';

/**
 * @typedef {object} ServeOptions
 * @property {string} site folder of the built page
 * @property {string} registry image layout, shown as files under /registry/ and as a registry under /v2/
 * @property {string} [host] loopback unless said
 * @property {number} [port] 0, any free one, unless said
 * @property {number} [neighbours] how many ports after a busy one are tried; none unless said
 * @property {import('../headers.mjs').HeaderOptions} [headers]
 *
 * @typedef {object} RunningServer
 * @property {string} url address of the page, with a slash at its end
 * @property {number} port
 * @property {() => Promise<void>} close ends every connection too
 */

/**
 * Serves the built page and the registry.
 * @param {ServeOptions} options
 * @returns {Promise<RunningServer>}
 * @throws an error with the code EADDRINUSE when no port was free
 */
export async function startServer(options) {
  const host = options.host ?? '127.0.0.1';
  const server = createServer(createHandler(options));
  const port = await listen(server, host, options.port ?? 0, options.neighbours ?? 0);
  return {
    url: `http://${urlHost(host)}:${port}/`,
    port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
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
 * @param {import('node:http').Server} server
 * @param {string} host
 * @param {number} port
 * @param {number} neighbours
 * @returns {Promise<number>} the port that was free
 */
function listen(server, host, port, neighbours) {
  return new Promise((resolve, reject) => {
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'EADDRINUSE' || neighbours === 0) reject(error);
      else resolve(listen(server, host, port + 1, neighbours - 1));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
}

/**
 * @param {ServeOptions} options
 * @returns {import('node:http').RequestListener}
 */
function createHandler({ site, registry, headers }) {
  const registryHandler = createRegistry(registry);
  const common = Object.entries(securityHeaders(headers));
  return (request, response) => {
    for (const [name, value] of common) response.setHeader(name, value);
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

/**
 * @param {import('./send-file.mjs').Response} response
 * @param {number} status
 * @param {string} text
 */
function sendText(response, status, text) {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(`${text}\n`);
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
