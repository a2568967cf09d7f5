import { SandboxError } from '../../base/errors';
import { chunksOf } from '../../base/streams';

const lineFeed = 10;

/** The lines of a stream of UTF-8, without their ends. `ResourceExhausted` for one that is longer than the limit. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let pieces: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(stream)) {
    let rest = chunk;
    for (let end = rest.indexOf(lineFeed); end >= 0; end = rest.indexOf(lineFeed)) {
      pieces.push(rest.subarray(0, end));
      yield textOf(decoder, pieces);
      pieces = [];
      length = 0;
      rest = rest.subarray(end + 1);
    }
    length += rest.length;
    if (length > maxBytes) throw new SandboxError('ResourceExhausted', `A line of more than ${maxBytes} bytes`);
    if (rest.length > 0) pieces.push(rest.slice());
  }
  if (length > 0) yield textOf(decoder, pieces);
}

function textOf(decoder: TextDecoder, pieces: readonly Uint8Array[]): string {
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode();
}
