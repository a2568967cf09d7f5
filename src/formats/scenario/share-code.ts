import { decodeBase64, encodeBase64 } from '../../base/base64';
import { concatBytes } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import { chunksOf } from '../../base/streams';

/** Stands before what is packed; another way of packing gets another one. */
const mark = '1.';

/** Bytes of a text at most: a scenario has a few thousand. */
const textLimit = 1024 * 1024;

/**
 * A scenario's text as a word for an address: zlib (RFC 1950, whose checksum tells a link that was mistyped) in base64url
 * (RFC 4648, section 5).
 */
export async function encodeShareCode(text: string): Promise<string> {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate'));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  return mark + encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/**
 * The other way. `DataLoss` for a code that was cut or mistyped, `InvalidArgument` for one of a later page,
 * `ResourceExhausted` for one that unpacks to more than a mebibyte.
 */
export async function decodeShareCode(code: string): Promise<string> {
  if (!code.startsWith(mark)) {
    const message = `This page cannot read the link: its scenario begins with "${code.slice(0, 8)}", not with "${mark}"`;
    throw new SandboxError('InvalidArgument', message);
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    const packed = decodeBase64(code.slice(mark.length).replaceAll('-', '+').replaceAll('_', '/'));
    const text = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
    for await (const part of chunksOf(text)) {
      parts.push(part);
      length += part.length;
      if (length > textLimit) break;
    }
  } catch (cause) {
    const message = `The link is damaged: its ${code.length} characters were cut or changed on the way. Copy it again, whole`;
    throw new SandboxError('DataLoss', message, { cause });
  }
  if (length > textLimit) {
    throw new SandboxError(
      'ResourceExhausted',
      `The link holds a text of more than ${textLimit} bytes, which is no scenario`,
    );
  }
  return new TextDecoder().decode(concatBytes(parts));
}
