import type { OutputChunk } from '../../src/api/container-streams';

/** All that a container, or a program in it, writes until it ends. */
export async function textOf(stream: ReadableStream<OutputChunk>): Promise<string> {
  let text = '';
  for await (const { bytes } of stream) text += new TextDecoder().decode(bytes);
  return text;
}
