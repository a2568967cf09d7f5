import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { CompressedCache, chooseEncoding } from './compressed-cache.mjs';
import { parseRange } from './range.mjs';

/**
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {import('node:http').ServerResponse} Response
 * @typedef {object} FileBody
 * @property {string} path
 * @property {number} size bytes
 * @property {string} type Content-Type
 * @property {string} etag strong entity tag, without quotes
 * @property {boolean} immutable whether the address can never mean other bytes
 * @property {boolean} compressible
 */

const cache = new CompressedCache();

/**
 * Answers GET and HEAD with a file: conditional by ETag, one byte range, compressed where it pays.
 * @param {Request} request
 * @param {Response} response
 * @param {FileBody} file
 */
export async function sendFile(request, response, file) {
  response.setHeader('Content-Type', file.type);
  response.setHeader('Cache-Control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  response.setHeader('Accept-Ranges', 'bytes');
  if (file.compressible) response.setHeader('Vary', 'Accept-Encoding');
  const encoding = encodingFor(request, file);
  const etag = encoding ? `"${file.etag}-${encoding}"` : `"${file.etag}"`;
  response.setHeader('ETag', etag);
  if (matches(request.headers['if-none-match'], etag)) return end(response, 304);
  if (encoding) return sendCompressed(request, response, file, encoding);
  return sendPlain(request, response, file, etag);
}

/**
 * Ends a response that has no body.
 * @param {Response} response
 * @param {number} status
 */
function end(response, status) {
  response.statusCode = status;
  response.end();
}

/**
 * A range is of the plain bytes, so a request for one is answered uncompressed.
 * @param {Request} request
 * @param {FileBody} file
 */
function encodingFor(request, file) {
  if (!file.compressible || request.headers.range !== undefined) return undefined;
  return chooseEncoding(request.headers['accept-encoding']?.toString());
}

/**
 * @param {string | undefined} header If-None-Match
 * @param {string} etag
 */
function matches(header, etag) {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

/**
 * @param {Request} request
 * @param {Response} response
 * @param {FileBody} file
 * @param {'br' | 'gzip'} encoding
 */
async function sendCompressed(request, response, file, encoding) {
  const body = await cache.get(file.path, file.etag, encoding);
  response.setHeader('Content-Encoding', encoding);
  response.setHeader('Content-Length', body.length);
  response.end(request.method === 'HEAD' ? undefined : body);
}

/**
 * @param {Request} request
 * @param {Response} response
 * @param {FileBody} file
 * @param {string} etag
 */
async function sendPlain(request, response, file, etag) {
  const condition = request.headers['if-range'];
  const usable = condition === undefined || condition === etag;
  const range = usable ? parseRange(request.headers.range, file.size) : undefined;
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${file.size}`);
    return end(response, 416);
  }
  if (range) {
    response.statusCode = 206;
    response.setHeader('Content-Range', `bytes ${range.start}-${range.end}/${file.size}`);
  }
  response.setHeader('Content-Length', range ? range.end - range.start + 1 : file.size);
  if (request.method === 'HEAD') return void response.end();
  await pipeline(createReadStream(file.path, range), response);
}
