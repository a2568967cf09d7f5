import { stat } from 'node:fs/promises';
import { isDigest, OciLayout } from './oci-layout.mjs';
import { sendFile } from './send-file.mjs';

/**
 * The read half of the OCI distribution API (distribution-spec v1.1, "Pull" and "Content Discovery") over an
 * image layout, so that registry clients can pull what the page pulls.
 *
 * @typedef {import('./send-file.mjs').Request} Request
 * @typedef {import('./send-file.mjs').Response} Response
 */

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const route = new RegExp(`^/v2/(${component}(?:/${component})*)/(manifests|blobs|tags)/([^/]+)$`);

/** Error codes of the spec with their status. */
const statuses = {
  NAME_UNKNOWN: 404,
  MANIFEST_UNKNOWN: 404,
  BLOB_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  UNSUPPORTED: 405,
};

/**
 * @param {Response} response
 * @param {keyof typeof statuses} code
 * @param {string} message
 */
function sendError(response, code, message) {
  response.statusCode = statuses[code];
  sendJson(response, { errors: [{ code, message }] });
}

/**
 * Node leaves the body out of the answer to HEAD by itself.
 * @param {Response} response
 * @param {unknown} body
 */
function sendJson(response, body) {
  const text = JSON.stringify(body);
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}

/**
 * Makes the handler of every path under /v2/.
 * @param {string} dir the image layout; it may be absent
 * @returns {(request: Request, response: Response, url: URL) => Promise<void>}
 */
export function createRegistry(dir) {
  const layout = new OciLayout(dir);
  return async (request, response, url) => {
    response.setHeader('Docker-Distribution-API-Version', 'registry/2.0');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return sendError(response, 'UNSUPPORTED', 'This registry is read-only');
    }
    if (url.pathname === '/v2/' || url.pathname === '/v2') return sendJson(response, {});
    const [, name = '', kind, reference = ''] = route.exec(url.pathname) ?? [];
    const repository = (await layout.repositories()).get(name);
    if (!repository) return sendError(response, 'NAME_UNKNOWN', `No such repository: ${name || url.pathname}`);
    if (kind === 'manifests') return sendManifest(request, response, layout, repository, reference);
    if (kind === 'blobs') return sendBlob(request, response, layout, reference);
    if (reference === 'list') return sendTags(response, url, name, repository);
    return sendError(response, 'NAME_UNKNOWN', `No such repository: ${url.pathname}`);
  };
}

/**
 * @param {Request} request
 * @param {Response} response
 * @param {OciLayout} layout
 * @param {import('./oci-layout.mjs').Repository} repository
 * @param {string} reference tag or digest
 */
async function sendManifest(request, response, layout, repository, reference) {
  const descriptor = repository.tags.get(reference) ?? repository.manifests.get(reference);
  if (!descriptor) return sendError(response, 'MANIFEST_UNKNOWN', `No such manifest: ${reference}`);
  await sendContent(request, response, layout, descriptor.digest, descriptor.mediaType, isDigest(reference));
}

/**
 * A blob is content-addressed and everything here is public, so every repository shows every blob.
 * @param {Request} request
 * @param {Response} response
 * @param {OciLayout} layout
 * @param {string} digest
 */
async function sendBlob(request, response, layout, digest) {
  if (!isDigest(digest)) return sendError(response, 'DIGEST_INVALID', `Not a sha256 digest: ${digest}`);
  await sendContent(request, response, layout, digest, 'application/octet-stream', true);
}

/**
 * @param {Request} request
 * @param {Response} response
 * @param {OciLayout} layout
 * @param {string} digest
 * @param {string} type
 * @param {boolean} immutable
 */
async function sendContent(request, response, layout, digest, type, immutable) {
  const path = layout.blobPath(digest);
  const info = await stat(path).catch(() => undefined);
  if (!info) return sendError(response, 'BLOB_UNKNOWN', `No such blob: ${digest}`);
  response.setHeader('Docker-Content-Digest', digest);
  await sendFile(request, response, { path, size: info.size, type, etag: digest, immutable, compressible: false });
}

/**
 * Tags in lexical order, paged by `n` and `last` with a Link header (RFC 5988).
 * @param {Response} response
 * @param {URL} url
 * @param {string} name
 * @param {import('./oci-layout.mjs').Repository} repository
 */
function sendTags(response, url, name, repository) {
  const last = url.searchParams.get('last') ?? '';
  const asked = url.searchParams.get('n');
  const rest = [...repository.tags.keys()].sort().filter((tag) => tag > last);
  const tags = asked !== null && /^\d+$/.test(asked) ? rest.slice(0, Number(asked)) : rest;
  if (tags.length > 0 && tags.length < rest.length) {
    const next = new URLSearchParams({ n: String(asked), last: String(tags.at(-1)) });
    response.setHeader('Link', `</v2/${name}/tags/list?${next}>; rel="next"`);
  }
  sendJson(response, { name, tags });
}
