import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../../base/deferred';
import { SandboxError } from '../../../base/errors';
import { toDisposable } from '../../../base/lifecycle';
import { blockRequestLimit } from '../../../rpc/block-port';
import { DriveBuffer } from './drive-buffer';
import type { DiskBacking } from './machine-disk';

/** A drive on bytes in memory. Writes are answered when `answer` is called, in their order. */
function drive(sizeBytes = 4096) {
  const bytes = new Uint8Array(sizeBytes);
  const asked: string[] = [];
  const held: (() => void)[] = [];
  let holding = false;
  let failing = false;
  const turn = async (): Promise<void> => {
    if (failing) throw new SandboxError('Unavailable', 'The store has gone');
    if (!holding) return;
    const { promise, resolve } = createDeferred<void>();
    held.push(resolve);
    await promise;
  };
  const client: DiskBacking['client'] = {
    hasRoom: () => true,
    roomMade: () => toDisposable(() => {}),
    async read(offset, length) {
      asked.push(`read ${offset} ${length}`);
      await turn();
      return bytes.slice(offset, offset + length);
    },
    async write(offset, written) {
      asked.push(`write ${offset} ${written.length}`);
      await turn();
      bytes.set(written, offset);
    },
    async flush() {
      asked.push('flush');
      await turn();
    },
  };
  const buffer = new DriveBuffer(sizeBytes);
  const failures: string[] = [];
  buffer.failures(({ code }) => failures.push(code));
  buffer.attach({ client, sizeBytes, id: 'disk' });
  return {
    buffer,
    bytes,
    asked,
    failures,
    hold: () => {
      holding = true;
    },
    answer: () => held.shift()?.(),
    fail: () => {
      failing = true;
    },
  };
}

const read = (buffer: DriveBuffer, start: number, length: number): Promise<Uint8Array> =>
  new Promise((resolve) => buffer.get(start, length, resolve));

describe('what is in an emulated drive', () => {
  it('reads what was written before, though a write counts as done before it is', async () => {
    const { buffer, hold, answer, asked } = drive();
    hold();
    buffer.set(512, Uint8Array.of(1, 2, 3), () => {});
    const reading = read(buffer, 512, 3);
    await expect.poll(() => asked).toEqual(['write 512 3']);
    answer();
    await expect.poll(() => asked).toEqual(['write 512 3', 'read 512 3']);
    answer();
    expect([...(await reading)]).toEqual([1, 2, 3]);
  });

  it('keeps what it was given to write, which the drive goes on using', async () => {
    const { buffer, bytes } = drive();
    const written = Uint8Array.of(7, 7);
    const done = new Promise<void>((resolve) => buffer.set(0, written, resolve));
    written.fill(9);
    await done;
    expect([...bytes.subarray(0, 2)]).toEqual([7, 7]);
  });

  it('asks for no more at once than a block port takes', async () => {
    const size = 2 * blockRequestLimit + 512;
    const { buffer, asked } = drive(size);
    expect(await read(buffer, 0, size)).toHaveLength(size);
    expect(asked).toEqual([
      `read 0 ${blockRequestLimit}`,
      `read ${blockRequestLimit} ${blockRequestLimit}`,
      `read ${2 * blockRequestLimit} 512`,
    ]);
  });

  it('answers a flush after the writes before it', async () => {
    const { buffer, asked } = drive();
    buffer.set(0, Uint8Array.of(1), () => {});
    await new Promise<void>((resolve) => buffer.flush(resolve));
    expect(asked).toEqual(['write 0 1', 'flush']);
  });

  it('says that a request failed instead of answering it', async () => {
    const { buffer, fail, failures } = drive();
    fail();
    let answered = false;
    buffer.get(0, 512, () => {
      answered = true;
    });
    await buffer.drain();
    expect([answered, failures]).toEqual([false, ['Unavailable']]);
  });

  it('is drained when the last callback has been called', async () => {
    const { buffer, hold, answer } = drive();
    hold();
    let called = false;
    buffer.get(0, 512, () => {
      called = true;
    });
    const drained = buffer.drain();
    await expect.poll(() => buffer.inFlight).toBe(1);
    answer();
    await drained;
    expect([called, buffer.inFlight]).toEqual([true, 0]);
  });

  it('never answers what was asked before it was detached, and says so to whoever waits', async () => {
    const { buffer, hold, answer } = drive();
    hold();
    let called = false;
    buffer.get(0, 512, () => {
      called = true;
    });
    const drained = buffer.drain();
    drained.catch(() => {});
    await Promise.resolve();
    buffer.detach();
    answer();
    await expect(drained).rejects.toMatchObject({ code: 'Unavailable' });
    expect([called, buffer.inFlight]).toEqual([false, 0]);
  });

  it('knows its first sector for the geometry once that was read', async () => {
    const { buffer, bytes } = drive();
    bytes[0] = 0xeb;
    expect(buffer.get_from_cache(0, 512)).toBeUndefined();
    await buffer.readFirstSector();
    expect(buffer.get_from_cache(0, 512)?.[0]).toBe(0xeb);
  });
});
