import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamFrame } from '../api/engine-api';
import { parseDockerStream, serializeStreamFrame } from './docker-stream';

async function* cut(bytes: Uint8Array<ArrayBuffer>, sizes: readonly number[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.slice(at, at + size);
    at += size;
  }
  yield bytes.slice(at);
}

async function collect(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<readonly StreamFrame[]> {
  const pieces: StreamFrame[] = [];
  for await (const piece of parseDockerStream(chunks)) pieces.push(piece);
  return pieces;
}

const source = fc.constantFrom('stdout' as const, 'stderr' as const);
const frames = fc.array(fc.record({ source, bytes: fc.uint8Array({ maxLength: 40 }) }));

describe('a multiplexed stream', () => {
  it('is read as it was written, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(frames, fc.array(fc.nat(20)), async (written, sizes) => {
        const bytes = Uint8Array.from(
          written.flatMap((each) => [
            ...serializeStreamFrame({ source: each.source, bytes: Uint8Array.from(each.bytes) }),
          ]),
        );
        const read = await collect(cut(bytes, sizes));
        for (const name of ['stdout', 'stderr']) {
          const of = (pieces: readonly { source: string; bytes: Uint8Array }[]) =>
            pieces.filter((each) => each.source === name).flatMap((each) => [...each.bytes]);
          expect(of(read)).toEqual(of(written));
        }
      }),
    );
  });

  it('has the header of the Engine API: the stream, three zeros, the length with its highest byte first', () => {
    expect([...serializeStreamFrame({ source: 'stderr', bytes: Uint8Array.of(7, 8) })]).toEqual([
      2, 0, 0, 0, 0, 0, 0, 2, 7, 8,
    ]);
  });

  it.each([
    ['that is cut within a frame', [1, 0, 0, 0, 0, 0, 0, 5, 1]],
    ['that is cut within a header', [1, 0, 0]],
    ['that is plain text', [...new TextEncoder().encode('plain text, not frames')]],
    ['of a stream nobody knows', [9, 0, 0, 0, 0, 0, 0, 1, 1]],
  ])('is refused where it is one %s', async (_, bytes) => {
    await expect(collect(cut(Uint8Array.from(bytes), []))).rejects.toThrow(/stream of output|Unrecognized/);
  });
});
