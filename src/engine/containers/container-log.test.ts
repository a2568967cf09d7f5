import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogOptions } from '../../api/container-streams';
import { FakeClock } from '../../base/fake-clock';
import { MemoryRecordStore } from '../../storage/record-store';
import { ContainerLog } from './container-log';
import { listContainerRecords } from './container-records';
import { logLimit } from './log-limit';
import { LogStore } from './log-store';
import { memoryBlobs } from './memory-blobs-fixture';

const both: LogOptions = { stdout: true, stderr: true };
const encode = (text: string) => new TextEncoder().encode(text);

async function textOf(stream: ReadableStream<{ readonly bytes: Uint8Array<ArrayBuffer> }>): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value.bytes, { stream: true });
  }
}

function setUp(limitBytes = 1024 * 1024) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const records = new MemoryRecordStore();
  const blobs = memoryBlobs();
  const store = new LogStore({ records, blobs });
  const open = async (): Promise<ContainerLog> => {
    const [stored] = await listContainerRecords(records, 'containerLogs');
    return new ContainerLog({ container: 'c', store, clock, limitBytes, ...(stored && { stored }) });
  };
  return { clock, records, blobs, store, open };
}

describe('the log of a container', () => {
  it('tells streams apart, in the order in which they were written', async () => {
    const { open } = setUp();
    const log = await open();
    await log.append('stdout', [encode('a\n')]);
    await log.append('stderr', [encode('b\n')]);
    await log.append('stdout', [encode('c\n')]);
    expect(await textOf(log.read(both))).toBe('a\nb\nc\n');
    expect(await textOf(log.read({ stdout: true }))).toBe('a\nc\n');
    expect(await textOf(log.read({ stderr: true }))).toBe('b\n');
    expect(await textOf(log.read({ ...both, tail: 2 }))).toBe('b\nc\n');
    expect(await textOf(log.read({ ...both, tail: 0 }))).toBe('');
    log.dispose();
  });

  it('has times, by which it can be asked', async () => {
    const { open, clock } = setUp();
    const log = await open();
    const start = clock.now();
    for (const text of ['a\n', 'b\n', 'c\n']) {
      await log.append('stdout', [encode(text)]);
      await clock.advance(250);
    }
    expect(await textOf(log.read({ ...both, since: start + 250 }))).toBe('b\nc\n');
    expect(await textOf(log.read({ ...both, until: start + 250 }))).toBe('a\nb\n');
    expect(await textOf(log.read({ ...both, timestamps: true, tail: 1 }))).toBe('2026-01-01T00:00:00.500000000Z c\n');
    log.dispose();
  });

  it('is followed until the container ends, and by nobody who has left', async () => {
    const { open } = setUp();
    const log = await open();
    log.open();
    await log.append('stdout', [encode('a\n')]);
    const following = textOf(log.read({ ...both, follow: true }));
    const left = log.read({ ...both, follow: true }).getReader();
    await left.read();
    const waiting = left.read();
    await left.cancel();
    expect(await waiting).toMatchObject({ done: true });
    await log.append('stdout', [encode('b\n')]);
    log.close();
    expect(await following).toBe('a\nb\n');
    expect(await textOf(log.read({ ...both, follow: true }))).toBe('a\nb\n');
    log.dispose();
  });

  it('is there after a reload as far as it was written, and goes on', async () => {
    const { open, clock } = setUp();
    const log = await open();
    await log.append('stdout', [encode('a\n')]);
    await clock.advance(1000);
    await log.flush();
    await log.append('stdout', [encode('lost\n')]);
    const again = await open();
    await again.append('stderr', [encode('b\n')]);
    expect(await textOf(again.read(both))).toBe('a\nb\n');
    log.dispose();
    again.dispose();
  });

  it('loses nothing for a follower, however much is written, and keeps what it may', async () => {
    const { open, blobs } = setUp(1024 * 1024);
    const log = await open();
    log.open();
    const following = log.read({ ...both, follow: true }).getReader();
    let received = 0;
    const done = (async () => {
      for (;;) {
        const { done: over, value } = await following.read();
        if (over) return;
        received += value.bytes.length;
      }
    })();
    const line = encode(`${'x'.repeat(1000)}\n`);
    const lines = Array.from({ length: 64 }, () => line);
    for (let at = 0; at < 128; at += 1) await log.append('stdout', lines);
    log.close();
    await done;
    expect(received).toBe(128 * 64 * line.length);
    await log.append('stdout', [line]);
    await log.flush();
    expect(blobs.bytes()).toBeLessThanOrEqual(1024 * 1024);
    const kept = (await textOf(log.read(both))).length;
    expect(kept).toBeLessThanOrEqual(1024 * 1024);
    expect(kept).toBeGreaterThan(200 * 1024);
    await log.remove();
    expect(blobs.bytes()).toBe(0);
  });

  it('waits for a follower that is slow, and not for one that has stopped reading', async () => {
    const { open, clock } = setUp(64 * 1024);
    const log = await open();
    log.open();
    const stuck = log.read({ ...both, follow: true }).getReader();
    const block = Array.from({ length: 32 }, () => encode(`${'z'.repeat(16_000)}\n`));
    let written = 0;
    const writing = (async () => {
      for (; written < 20; written += 1) await log.append('stdout', block);
    })();
    await stuck.read();
    // Between turns of the fake clock the event loop has one: what is stored is hashed outside of this thread.
    while (written < 20) {
      await clock.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
    await stuck.cancel();
    await log.append('stdout', [encode('end\n')]);
    await log.flush();
    const kept = await textOf(log.read(both));
    expect(kept.length).toBeLessThanOrEqual(64 * 1024);
    expect(kept.endsWith('end\n')).toBe(true);
    log.dispose();
  });

  it('goes on when the store refuses', async () => {
    const { open, blobs, clock } = setUp(8 * 1024 * 1024);
    const log = await open();
    blobs.refuse(true);
    const block = Array.from({ length: 32 }, () => encode(`${'y'.repeat(16_000)}\n`));
    for (let at = 0; at < 16; at += 1) await log.append('stdout', block);
    blobs.refuse(false);
    await log.append('stdout', [encode('end\n')]);
    await clock.advance(1000);
    await log.flush();
    expect((await textOf(log.read(both))).endsWith('end\n')).toBe(true);
    log.dispose();
  });

  it('is the end of what was written, whatever its limit and whenever the page is reloaded', async () => {
    const step = fc.oneof(
      fc.record({ write: fc.nat({ max: 400 }), stream: fc.constantFrom('stdout' as const, 'stderr' as const) }),
      fc.constant('reload' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom(1024, 4096), async (steps, limit) => {
        const { open } = setUp(limit);
        let log = await open();
        let written = '';
        for (const [at, each] of steps.entries()) {
          if (each === 'reload') {
            await log.flush();
            log.dispose();
            log = await open();
            continue;
          }
          const text = `${at}${'.'.repeat(each.write)}\n`;
          written += text;
          await log.append(each.stream, [encode(text)]);
        }
        await log.flush();
        const kept = await textOf(log.read(both));
        expect(written.endsWith(kept)).toBe(true);
        expect(kept.length).toBeLessThanOrEqual(limit);
        if (written.length < limit / 2)
          expect(kept).toBe(written.length + 13 * steps.length <= limit / 2 ? written : kept);
        log.dispose();
      }),
      { numRuns: 60 },
    );
  });
});

describe('the limit of a log', () => {
  it.each([
    [undefined, 16 * 1024 * 1024],
    [{ 'max-size': '10k', 'max-file': '3' }, 30 * 1024],
    [{ 'max-size': '1M' }, 1024 * 1024],
    [{ 'max-size': '-1' }, 16 * 1024 * 1024],
  ])('of %j', (Config, bytes) => {
    expect(logLimit({ Type: 'json-file', ...(Config && { Config }) })).toBe(bytes);
  });

  it.each([{ 'max-size': 'big' }, { 'max-file': '0', 'max-size': '1k' }, { 'max-file': '3' }, { color: 'red' }])(
    'cannot be %j',
    (Config) => {
      expect(() => logLimit({ Type: 'json-file', Config: Config as Record<string, string> })).toThrow();
    },
  );
});
