import { describe, expect, it, vi } from 'vitest';
import { SandboxError } from '../../base/errors';
import { eventually } from '../../base/eventually-fixture';
import { RawSource } from './raw-source';

const words = { connected: () => 'connected', failed: (why: string) => `failed: ${why}`, ended: () => 'ended' };
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** The other side, which is the test. */
function peer() {
  const sent = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 64 });
  const received = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  let got = '';
  let finished = false;
  void (async () => {
    const reader = sent.readable.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      got += new TextDecoder().decode(value);
    }
    finished = true;
  })().catch(() => {});
  const writer = received.writable.getWriter();
  writer.closed.catch(() => {});
  return {
    connection: { readable: received.readable, writable: sent.writable },
    writer,
    got: () => got,
    finished: () => finished,
  };
}

function attach(connect: ConstructorParameters<typeof RawSource>[0]['connect']) {
  let shown = '';
  const lengths: number[] = [];
  const attachment = new RawSource({ connect, words }).attachConsole((output) => {
    lengths.push(output.bytes.length);
    shown += new TextDecoder().decode(output.bytes);
  });
  const type = (text: string): void => attachment.write(bytes(text));
  return { attachment, type, shown: () => shown, lengths };
}

describe('a TCP connection in a terminal', () => {
  it('shows what is typed, lets it be mended, and sends it by the line', async () => {
    const { connection, got, writer } = peer();
    const { type, shown } = attach(async () => connection);
    await eventually(() => expect(shown()).toContain('[connected]'));
    type('GTE\x7f\x7fET /\r');
    await eventually(() => expect(got()).toBe('GET /\r\n'));
    expect(shown()).toContain('GTE\b \b\b \bET /\r\n');
    type('nothing of this\x15yes\r');
    await eventually(() => expect(got()).toBe('GET /\r\nyes\r\n'));
    void writer.write(bytes('one\ntwo\r\n'));
    await eventually(() => expect(shown()).toMatch(/one\r\ntwo\r\n$/));
  });

  it('ends our side with Ctrl+D and goes on to show the other’s', async () => {
    const { connection, finished, writer } = peer();
    const { type, shown } = attach(async () => connection);
    await eventually(() => expect(shown()).toContain('[connected]'));
    type('\x04');
    await eventually(() => expect(finished()).toBe(true));
    void writer.write(bytes('late'));
    await eventually(() => expect(shown()).toContain('late'));
    void writer.close();
    await eventually(() => expect(shown()).toContain('[ended]'));
  });

  it('says why it cannot be had, and Enter tries again', async () => {
    const { connection } = peer();
    const connect = vi
      .fn()
      .mockRejectedValueOnce(new SandboxError('Unavailable', 'Nobody listens'))
      .mockResolvedValue(connection);
    const { type, shown } = attach(connect);
    await eventually(() => expect(shown()).toContain('[failed: Nobody listens]'));
    type('x');
    expect(connect).toHaveBeenCalledTimes(1);
    type('\r');
    await eventually(() => expect(shown()).toContain('[connected]'));
  });

  it('is ended by Ctrl+C, and by the end of its tab', async () => {
    const first = peer();
    const { type, shown } = attach(async () => first.connection);
    await eventually(() => expect(shown()).toContain('[connected]'));
    type('\x03');
    expect(shown()).toContain('[ended]');
    await expect(first.writer.closed).rejects.toBeUndefined();
    const second = peer();
    const other = attach(async () => second.connection);
    await eventually(() => expect(other.shown()).toContain('[connected]'));
    other.attachment.dispose();
    await eventually(() => expect(second.finished()).toBe(true));
  });

  it('holds the other side back while what came is not dealt with', async () => {
    const { connection, writer } = peer();
    const { attachment, shown, lengths } = attach(async () => connection);
    await eventually(() => expect(shown()).toContain('[connected]'));
    let written = 0;
    void (async () => {
      for (let piece = 0; piece < 50; piece += 1) {
        await writer.write(new Uint8Array(100_000).fill(120));
        written += 1;
      }
    })();
    await eventually(() => expect(written).toBeGreaterThan(2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(written).toBeLessThan(10);
    for (let at = 0; written < 50; at += 1) {
      attachment.acknowledge(lengths[at] ?? 0);
      await new Promise((resolve) => setTimeout(resolve));
    }
  });
});
