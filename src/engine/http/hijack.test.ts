import { expect, it } from 'vitest';
import type { AttachedStreams, OutputChunk } from '../../api/container-streams';
import { createDeferred } from '../../base/deferred';
import { hijack } from './hijack';
import type { ApiCall } from './route';

/** A process with a terminal: what it was given, who has left it, and whether anybody reads. */
function terminal() {
  const given: number[] = [];
  const left: string[] = [];
  const canceled = createDeferred<void>();
  const streams: AttachedStreams = {
    tty: true,
    output: new ReadableStream<OutputChunk>({ cancel: () => canceled.resolve() }),
    input: new WritableStream<Uint8Array>({
      write(bytes) {
        given.push(...bytes);
      },
    }),
    detached: () => left.push('detached'),
  };
  return { streams, given, left, canceled: canceled.promise };
}

const call = { minor: 47 } as ApiCall;
const typed = (...bytes: readonly number[]): ReadableStream<Uint8Array> =>
  new Blob([Uint8Array.from(bytes)]).stream() as ReadableStream<Uint8Array>;

it.each([
  ['ctrl-p,ctrl-q', undefined, [97, 16, 17, 98]],
  ['other keys', 'ctrl-x,y', [97, 24, 121, 98]],
] as const)('leaves a terminal by %s, which is told once', async (_, keys, bytes) => {
  const { streams, given, left, canceled } = terminal();
  const { body } = hijack(call, streams, typed(...bytes), keys);
  await canceled;
  expect([given, left]).toEqual([[97], ['detached']]);
  expect(await new Response(body).text()).toBe('');
});

it('has left nothing when the client hangs up', async () => {
  const { streams, left, canceled } = terminal();
  await hijack(call, streams, typed(97), undefined).body?.cancel();
  await canceled;
  expect(left).toEqual([]);
});
