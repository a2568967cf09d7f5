import { SandboxError } from '../../base/errors';

const blockBytes = 512;

/** How what can be packed begins: gzip, bzip2, xz, zstd. */
const packed: readonly (readonly number[])[] = [
  [0x1f, 0x8b],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  [0x28, 0xb5, 0x2f, 0xfd],
];

/** The same tar. `InvalidArgument` in docker's words for what ends before the first header of one: of an empty one there is none. */
export async function requireTar(tar: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const reader = tar.getReader();
  const chunks: Uint8Array[] = [];
  let ended = false;
  while (!ended && sizeOf(chunks) < blockBytes) {
    const { done, value } = await reader.read();
    if (done) ended = true;
    else chunks.push(value);
  }
  const size = sizeOf(chunks);
  if (ended && size > 0 && size < blockBytes && !isPacked(chunks)) {
    throw new SandboxError('InvalidArgument', 'unexpected EOF');
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = chunks.shift();
        if (chunk) return controller.enqueue(chunk);
        const { done, value } = ended ? { done: true, value: undefined } : await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

function isPacked(chunks: readonly Uint8Array[]): boolean {
  const first = chunks.flatMap((chunk) => [...chunk]);
  return packed.some((magic) => magic.every((byte, at) => first[at] === byte));
}
