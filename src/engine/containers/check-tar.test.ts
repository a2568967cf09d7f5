import { expect, it } from 'vitest';
import { requireTar } from './check-tar';

const streamOf = (...chunks: readonly (readonly number[])[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Uint8Array.from(chunk));
      controller.close();
    },
  });
const garbage = [...new TextEncoder().encode('garbage\n')];
const zeros = (count: number): number[] => Array<number>(count).fill(0);

it.each([[[garbage]], [[garbage, garbage]], [[zeros(511)]]])('what is no tar is refused: %#', async (chunks) => {
  await expect(requireTar(streamOf(...chunks))).rejects.toMatchObject({
    code: 'InvalidArgument',
    message: 'unexpected EOF',
  });
});

it.each([
  ['an empty one', []],
  ['one of a block', [zeros(512)]],
  ['one in pieces', [zeros(100), zeros(400), zeros(2000), [7]]],
  ['one that is packed', [[0x1f], [0x8b, 8, 0]]],
])('a tar goes on as it came: %s', async (_, chunks) => {
  const bytes = new Uint8Array(await new Response((await requireTar(streamOf(...chunks))) as never).arrayBuffer());
  expect([...bytes]).toEqual(chunks.flat());
});
