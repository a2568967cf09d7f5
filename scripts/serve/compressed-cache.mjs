import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const encoders = {
  /** Quality 5: v86.wasm in 0.1 s; quality 11 takes ten times that for a tenth less. */
  br: (/** @type {Buffer} */ bytes) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: (/** @type {Buffer} */ bytes) => promisify(gzip)(bytes),
};

/** Compressed bodies kept, in bytes; the whole app is about a megabyte. */
const maxBytes = 32 << 20;

/** Compresses a file once and remembers the result under its entity tag; the oldest go first. */
export class CompressedCache {
  /** @type {Map<string, Promise<Buffer>>} */
  #bodies = new Map();
  /** Lengths of the bodies that are done. @type {Map<string, number>} */
  #lengths = new Map();
  #bytes = 0;

  /**
   * @param {string} path
   * @param {string} etag
   * @param {'br' | 'gzip'} encoding
   * @returns {Promise<Buffer>}
   */
  get(path, etag, encoding) {
    const key = `${encoding} ${etag} ${path}`;
    const known = this.#bodies.get(key);
    if (known) return known;
    const body = readFile(path).then(encoders[encoding]);
    this.#bodies.set(key, body);
    body.then(
      (bytes) => this.#account(key, bytes.length),
      () => this.#bodies.delete(key),
    );
    return body;
  }

  /**
   * @param {string} key
   * @param {number} length
   */
  #account(key, length) {
    this.#lengths.set(key, length);
    this.#bytes += length;
    for (const [oldest, bytes] of this.#lengths) {
      if (this.#bytes <= maxBytes) return;
      this.#lengths.delete(oldest);
      this.#bodies.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}

/**
 * The better encoding of those a client accepts (RFC 9110, section 12.5.3), without weighing preferences.
 * @param {string | undefined} header
 * @returns {'br' | 'gzip' | undefined}
 */
export function chooseEncoding(header) {
  const accepted = (header ?? '')
    .split(',')
    .map((part) => part.trim().split(/\s*;\s*/))
    .filter(([, weight]) => !/^q=0(\.0*)?$/.test(weight ?? ''))
    .map(([name]) => name);
  if (accepted.includes('br')) return 'br';
  return accepted.includes('gzip') ? 'gzip' : undefined;
}
