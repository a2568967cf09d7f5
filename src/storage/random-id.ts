/**
 * 128 random bits in hex. Not `crypto.randomUUID`, which a page that is not a secure context lacks; and not
 * a parameter, because nothing but equality is ever asked of it.
 */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
