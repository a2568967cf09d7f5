import { expect, test } from 'vitest';
import { streamOf } from '../../base/streams';
import { parseDetachKeys, watchDetachKeys } from './detach-keys';

test.each([
  [undefined, [16, 17]],
  ['ctrl-a', [1]],
  ['ctrl-@,ctrl-_', [0, 31]],
  ['a,ctrl-[', [97, 27]],
])('%s are the bytes %j', (text, bytes) => {
  expect([...parseDetachKeys(text)]).toEqual(bytes);
});

test('what is no key is refused', () => {
  expect(() => parseDetachKeys('ctrl-')).toThrow("Unknown character: 'ctrl-'");
  expect(() => parseDetachKeys('')).toThrow("Unknown character: ''");
});

async function type(...chunks: string[]): Promise<{ passed: string; detached: boolean }> {
  let detached = false;
  const encoder = new TextEncoder();
  const typed = streamOf(
    (async function* () {
      for (const chunk of chunks) yield encoder.encode(chunk);
    })(),
  );
  const watched = typed.pipeThrough(
    watchDetachKeys(parseDetachKeys(), () => {
      detached = true;
    }),
  );
  return { passed: await new Response(watched as ReadableStream<Uint8Array<ArrayBuffer>>).text(), detached };
}

test('what is typed goes through until the keys come, in one piece or in two', async () => {
  expect(await type('ls\n')).toEqual({ passed: 'ls\n', detached: false });
  expect(await type('ls\n\x10\x11more')).toEqual({ passed: 'ls\n', detached: true });
  expect(await type('ls\n\x10', '\x11', 'more')).toEqual({ passed: 'ls\n', detached: true });
});

test('keys that begin like them are passed on', async () => {
  expect(await type('\x10', 'a')).toEqual({ passed: '\x10a', detached: false });
  expect(await type('\x10\x10\x11')).toEqual({ passed: '\x10', detached: true });
  expect(await type('a\x10')).toEqual({ passed: 'a\x10', detached: false });
});
