import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { eventually } from '../base/eventually-fixture';
import { readableFromPort, windowBytes, writableToPort } from './byte-stream';

function pair() {
  const { port1, port2 } = new MessageChannel();
  const lost = new AbortController();
  return { readable: readableFromPort(port1, lost.signal), writable: writableToPort(port2, lost.signal), lost };
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return concatBytes(parts);
}

describe('a byte stream over a port', () => {
  it('delivers what was written, in order, and ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 20 }), async (parts) => {
        const { readable, writable } = pair();
        const all = collect(readable);
        const writer = writable.getWriter();
        for (const part of parts) await writer.write(part);
        await writer.close();
        expect(await all).toEqual(concatBytes(parts));
      }),
      { numRuns: 30 },
    );
  });

  it('holds the writer back while nobody reads', async () => {
    const { readable, writable } = pair();
    const writer = writable.getWriter();
    const block = new Uint8Array(windowBytes);
    await writer.write(block);
    let second = false;
    const waiting = writer.write(block).then(() => {
      second = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(second).toBe(false);
    const reader = readable.getReader();
    for (let got = 0; got < windowBytes; ) got += (await reader.read()).value?.length ?? 0;
    await waiting;
    expect(second).toBe(true);
    await reader.cancel();
    await writer.abort().catch(() => {});
  });

  it('aborts a write that waits for the reader', async () => {
    const { readable, writable } = pair();
    const writer = writable.getWriter();
    const waiting = writer.write(new Uint8Array(2 * windowBytes));
    await Promise.all([
      expect(waiting).rejects.toThrow('enough'),
      writer.abort(new Error('enough')),
      expect(collect(readable)).rejects.toMatchObject({ code: 'Aborted', message: 'enough' }),
    ]);
  });

  it('fails the writer when the reader cancels', async () => {
    const { readable, writable } = pair();
    const writer = writable.getWriter();
    await writer.write(new Uint8Array(windowBytes));
    const waiting = writer.write(new Uint8Array(1));
    await readable.cancel();
    await expect(waiting).rejects.toMatchObject({ code: 'Canceled' });
  });

  it('fails the reader when the writer aborts', async () => {
    const { readable, writable } = pair();
    await writable.abort(new Error('disk on fire'));
    await expect(collect(readable)).rejects.toMatchObject({ code: 'Aborted', message: 'disk on fire' });
  });

  it('leaves nobody waiting when the other thread is lost', async () => {
    const { readable, writable, lost } = pair();
    const reading = collect(readable);
    const writer = writable.getWriter();
    await writer.write(new Uint8Array(windowBytes));
    lost.abort(new SandboxError('Unavailable', 'gone'));
    await expect(reading).rejects.toMatchObject({ code: 'Unavailable' });
    await expect(writer.write(new Uint8Array(1))).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('lets go of its thread when it has ended, though nobody reads it', async () => {
    const { readable, writable, lost } = pair();
    const waiting = () => getEventListeners(lost.signal, 'abort').length;
    expect(waiting()).toBe(1);
    const writer = writable.getWriter();
    await writer.write(Uint8Array.of(1, 2, 3));
    await writer.close();
    await eventually(() => expect(waiting()).toBe(0));
    lost.abort(new SandboxError('Unavailable', 'gone'));
    expect(await collect(readable)).toEqual(Uint8Array.of(1, 2, 3));
  });
});
