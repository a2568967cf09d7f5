import { createServer } from 'node:http';
import { previewHeaders } from '../headers.mjs';
import { listen } from './listen.mjs';
import { sendFile } from './send-file.mjs';
import { sendText } from './send-text.mjs';
import { findFile } from './static-files.mjs';

/** Ports tried after the page's own. */
const neighbours = 20;

/**
 * Serves, under every name, what a preview origin has of ours: the service worker, the bridge to the page, and a
 * page that says what this is to who comes without them. What guests serve never passes here.
 * @param {{ site: string, host: string, after: number, origins: readonly string[] }} options
 *   `after`: the port of the page, 0 for any; `origins`: where the page is
 * @returns {Promise<{ origin: string, close: () => Promise<void> }>} `{name}` stands for the name of each preview
 */
export async function startPreviews({ site, host, after, origins }) {
  const headers = Object.entries(previewHeaders(origins));
  const server = createServer((request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    answer(request, response).catch(() => response.destroy());
  });
  const { port, close } = await listen(server, host, after === 0 ? 0 : after + 1, neighbours);
  return { origin: `http://{name}.preview.localhost:${port}`, close };

  /** @type {(request: import('./send-file.mjs').Request, response: import('./send-file.mjs').Response) => Promise<void>} */
  async function answer(request, response) {
    const [path = '/'] = (request.url ?? '/').split('?');
    if (request.method !== 'GET' && request.method !== 'HEAD') return sendText(response, 405, 'Method not allowed');
    if (path === '/strata-preview/app.json') {
      return sendText(response, 200, JSON.stringify({ origins }), 'application/json');
    }
    const file = path.endsWith('/') ? undefined : await findFile(site, path);
    if (file) return sendFile(request, response, file);
    // The address may be right, but without the service worker nobody knows what is there.
    const page = await findFile(site, '/index.html');
    if (!page) return sendText(response, 404, 'Not found');
    response.statusCode = 404;
    return sendFile(request, response, page);
  }
}
