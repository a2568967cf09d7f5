import { concatBytes } from '../../base/bytes';

/** Bytes that are held back while it is looked where a page's head begins; browsers look as far for its charset. */
const lookBytes = 1024;

/** What may stand before the first thing that a page says: space, comments, its type, <html> and <head>. */
const preamble = /^(?:\xef\xbb\xbf)?(?:\s+|<!--[\s\S]*?-->|<!doctype[^>]*>|<html(?:\s[^>]*)?>|<head(?:\s[^>]*)?>)*/i;

/** The start of something that may still become part of it. */
const unfinished = /^<(?:!(?:-(?:-[\s\S]*)?|d[^>]*)?|h(?:t|tm|tml(?:\s[^>]*)?|e|ea|ead(?:\s[^>]*)?)?)?$/i;

/**
 * Puts a piece of markup before everything that a page does. Not before its type, which would make it a page of
 * 1998; and not into what is no superset of ASCII (UTF-16, told by its first bytes).
 */
export function injectMarkup(markup: string): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let held: Uint8Array<ArrayBuffer> | undefined = new Uint8Array(0);
  const insert = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
    const wide = (bytes[0] === 0xfe && bytes[1] === 0xff) || (bytes[0] === 0xff && bytes[1] === 0xfe);
    if (wide) return bytes;
    const at = preambleLength(bytes);
    return concatBytes([bytes.subarray(0, at), new TextEncoder().encode(markup), bytes.subarray(at)]);
  };
  return new TransformStream({
    transform(chunk, controller) {
      if (!held) {
        controller.enqueue(chunk);
        return;
      }
      held = concatBytes([held, chunk]);
      const text = asText(held.subarray(0, lookBytes));
      const rest = text.slice(preamble.exec(text)?.[0].length ?? 0);
      if (held.length < lookBytes && (rest === '' || unfinished.test(rest))) return;
      controller.enqueue(insert(held));
      held = undefined;
    },
    flush(controller) {
      if (held && held.length > 0) controller.enqueue(insert(held));
    },
  });
}

function preambleLength(bytes: Uint8Array): number {
  return preamble.exec(asText(bytes.subarray(0, lookBytes)))?.[0].length ?? 0;
}

/** One character for each byte, so that lengths are the same; a byte order mark of UTF-8 is three of them. */
function asText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
