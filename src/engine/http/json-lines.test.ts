import { expect, test } from 'vitest';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { jsonLines } from './json-lines';

const never = new AbortController().signal;

test('lines come as they are written, and the answer ends with the work', async () => {
  const more = createDeferred<void>();
  const response = await jsonLines(never, async (write) => {
    write({ status: 'one' });
    await more.promise;
    write({ status: 'two' });
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const first = await reader.read();
  expect(new TextDecoder().decode(first.value)).toBe('{"status":"one"}\r\n');
  more.resolve();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('{"status":"two"}\r\n');
  expect((await reader.read()).done).toBe(true);
});

test('a failure before the first line is an ordinary one, and later the last line', async () => {
  const failure = new SandboxError('NotFound', 'No such image: x');
  await expect(jsonLines(never, () => Promise.reject(failure))).rejects.toBe(failure);
  const response = await jsonLines(never, async (write) => {
    write({ status: 'one' });
    throw failure;
  });
  const lines = (await response.text()).trim().split('\r\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { status: 'one' },
    { errorDetail: { message: 'No such image: x' }, error: 'No such image: x' },
  ]);
});

test('work without a line is an empty answer', async () => {
  expect(await (await jsonLines(never, async () => {})).text()).toBe('');
});

test('who hangs up ends the work', async () => {
  const stopped = createDeferred<void>();
  const response = await jsonLines(never, async (write, signal) => {
    signal.addEventListener('abort', () => stopped.resolve());
    write({});
    await stopped.promise;
  });
  await response.body?.cancel();
  await stopped.promise;
});

test('a client that does not read is behind after a while', async () => {
  let accepted = 0;
  const response = await jsonLines(never, async (write) => {
    while (write({})) accepted += 1;
  });
  expect(accepted).toBeLessThan(5000);
  expect((await response.text()).length).toBeGreaterThan(accepted);
});
