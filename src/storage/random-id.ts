import { toHex } from '../base/bytes';

/**
 * 128 random bits in hex. Not `crypto.randomUUID`, which a page that is not a secure context lacks; and not
 * a parameter, because nothing but equality is ever asked of it.
 */
export function randomId(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(16)));
}
