import { describe, expect, it } from 'vitest';
import { chunksOf, streamOf } from './streams';

async function* count(limit: number, onEnd: () => void = () => {}): AsyncGenerator<number> {
  try {
    for (let value = 0; value < limit; value += 1) yield value;
  } finally {
    onEnd();
  }
}

async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of iterable) all.push(each);
  return all;
}

describe('streams and iterations', () => {
  it('are turned into each other', async () => {
    expect(await collect(chunksOf(streamOf(count(4))))).toEqual([0, 1, 2, 3]);
  });

  it('end the source when the reader leaves', async () => {
    let ended = 0;
    for await (const value of chunksOf(
      streamOf(
        count(10, () => {
          ended += 1;
        }),
      ),
    )) {
      if (value === 2) break;
    }
    expect(ended).toBe(1);
  });

  it('end at once by a signal, however long the next chunk takes', async () => {
    const leave = new AbortController();
    let reason: unknown;
    const silent = new ReadableStream<number>({
      cancel: (given) => {
        reason = given;
      },
    });
    const all = collect(chunksOf(silent, leave.signal));
    leave.abort('gone');
    expect([await all, reason]).toEqual([[], 'gone']);
    expect(await collect(chunksOf(streamOf(count(3)), leave.signal))).toEqual([]);
  });

  it('pass on a failure of the source', async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      throw new Error('torn');
    }
    await expect(collect(chunksOf(streamOf(failing())))).rejects.toThrow('torn');
  });
});
