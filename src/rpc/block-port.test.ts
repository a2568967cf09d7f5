import { describe, expect, it, onTestFinished } from 'vitest';
import { createDeferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import {
  BlockPortClient,
  type BlockPortOptions,
  type BlockTarget,
  blockRequestLimit,
  serveBlockPort,
} from './block-port';

/** A disk in an array, whose flushes and reads can be held up. */
class ArrayTarget implements BlockTarget {
  readonly bytes = new Uint8Array(64 * 1024);
  readonly held: { readonly offset: number; release(): void }[] = [];
  holding = false;
  closed = 0;
  failure: SandboxError | undefined;

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.holding) {
      const gate = createDeferred<void>();
      this.held.push({ offset, release: () => gate.resolve() });
      await gate.promise;
    }
    return this.bytes.slice(offset, offset + length);
  }
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    if (this.failure) throw this.failure;
    this.bytes.set(bytes, offset);
  }
  async flush(): Promise<void> {}
  async extents(): Promise<Uint32Array<ArrayBuffer>> {
    return Uint32Array.of(0);
  }
  async close(): Promise<void> {
    this.closed += 1;
  }
}

function pair(options: BlockPortOptions = {}) {
  const { port1, port2 } = new MessageChannel();
  const target = new ArrayTarget();
  const server = serveBlockPort(port2, target);
  const client = new BlockPortClient(port1, options);
  onTestFinished(() => void client.close().catch(() => undefined));
  return { target, server, client, port1 };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const untilHeld = async (target: ArrayTarget, count: number) => {
  while (target.held.length < count) await turn();
};

describe('a block port', () => {
  it('reads what was written', async () => {
    const { client } = pair();
    await client.write(512, Uint8Array.of(1, 2, 3));
    expect(await client.read(511, 5)).toEqual(Uint8Array.of(0, 1, 2, 3, 0));
    await client.flush();
    expect(await client.extents()).toEqual(Uint32Array.of(0));
  });

  it('takes over a whole buffer and copies a part of one', async () => {
    const { client } = pair();
    const memory = Uint8Array.of(9, 8, 7, 6);
    const part = client.write(0, memory.subarray(1, 3));
    memory.fill(0);
    await part;
    expect(await client.read(0, 3)).toEqual(Uint8Array.of(8, 7, 0));
    const whole = new Uint8Array(16);
    await client.write(0, whole);
    expect(whole.length).toBe(0);
  });

  it('matches answers to requests that are answered in another order', async () => {
    const { client, target } = pair();
    target.bytes.set([10, 11, 12]);
    target.holding = true;
    const reads = [0, 1, 2].map((offset) => client.read(offset, 1));
    await untilHeld(target, 3);
    const order: number[] = [];
    for (const [index, read] of reads.entries()) void read.then(() => order.push(index));
    for (const held of target.held.toReversed()) {
      held.release();
      await turn();
    }
    expect((await Promise.all(reads)).map((bytes) => bytes[0])).toEqual([10, 11, 12]);
    expect(order).toEqual([2, 1, 0]);
  });

  it('takes no more than it has room for, and says when there is room', async () => {
    const { client, target } = pair({ maxRequests: 2 });
    target.holding = true;
    const reads = [client.read(0, 1), client.read(1, 1)];
    expect(client.hasRoom()).toBe(false);
    await expect(client.read(2, 1)).rejects.toMatchObject({ code: 'ResourceExhausted' });
    let fired = 0;
    client.roomMade(() => {
      fired += 1;
    });
    await untilHeld(target, 2);
    target.holding = false;
    target.held[0]?.release();
    await reads[0];
    expect(fired).toBe(1);
    expect(await client.read(2, 1)).toHaveLength(1);
    target.held[1]?.release();
    await reads[1];
  });

  it('counts bytes as well as requests, but takes a large one alone', async () => {
    const { client } = pair({ maxBytes: 100 });
    const first = client.read(0, 200);
    expect(client.hasRoom(1)).toBe(false);
    await first;
    expect(client.hasRoom(60)).toBe(true);
    const second = client.read(0, 60);
    expect(client.hasRoom(60)).toBe(false);
    expect(client.hasRoom(40)).toBe(true);
    await second;
  });

  it('carries an error with its code', async () => {
    const { client, target } = pair();
    target.failure = new SandboxError('ResourceExhausted', 'No room', { details: { needed: 7 } });
    await expect(client.write(0, new Uint8Array(1))).rejects.toMatchObject({
      code: 'ResourceExhausted',
      message: 'No room',
      details: { needed: 7 },
    });
  });

  it.each([
    [-1, 1],
    [0.5, 1],
    [0, -1],
    [0, blockRequestLimit + 1],
    [Number.NaN, 1],
  ])('refuses %d bytes at %d', async (offset, length) => {
    const { client } = pair();
    await expect(client.read(offset, length)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('refuses a request it does not know, and goes on', async () => {
    const { client, port1 } = pair();
    port1.postMessage({ id: 1, type: 'format' });
    // The answer is for id 1, which is this read.
    await expect(client.read(0, 1)).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(await client.read(0, 1)).toHaveLength(1);
  });

  it('answers a probe while it lives', async () => {
    const { server, target, client } = pair();
    target.holding = true;
    const read = client.read(0, 1);
    await Promise.all([server.probe(), server.probe()]);
    await untilHeld(target, 1);
    target.held[0]?.release();
    await read;
  });

  it('closes the target once, by request', async () => {
    const { client, target } = pair();
    await client.close();
    await client.close();
    expect(target.closed).toBe(1);
    await expect(client.read(0, 1)).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('closes the target when the client dies', async () => {
    const { target, port1 } = pair();
    port1.close();
    while (target.closed === 0) await turn();
    expect(target.closed).toBe(1);
  });

  it('leaves nobody waiting when the server has gone', async () => {
    const { client, target, server } = pair();
    target.holding = true;
    const read = client.read(0, 1);
    await untilHeld(target, 1);
    await server.close();
    await expect(read).rejects.toMatchObject({ code: 'Unavailable' });
    expect(client.pending).toBe(0);
  });

  it('leaves nobody waiting when the server’s thread is lost', async () => {
    const lost = new AbortController();
    const { client, target } = pair({ lost: lost.signal });
    target.holding = true;
    const read = client.read(0, 1);
    lost.abort(new SandboxError('Internal', 'The worker died'));
    await expect(read).rejects.toMatchObject({ code: 'Unavailable' });
    await expect(client.flush()).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('moves to another thread: the disk stays open and what was written is there', async () => {
    const { client, target } = pair();
    await client.write(0, Uint8Array.of(7));
    target.holding = true;
    const read = client.read(0, 1);
    expect(() => client.handOver()).toThrow(/1 block requests wait/);
    await untilHeld(target, 1);
    target.holding = false;
    target.held[0]?.release();
    await read;
    const port = client.handOver();
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(port, [port]);
    const arrived = await new Promise<MessagePort>((resolve) => {
      port2.onmessage = ({ data }) => resolve(data);
    });
    port1.close();
    const there = new BlockPortClient(arrived);
    expect(await there.read(0, 1)).toEqual(Uint8Array.of(7));
    await expect(client.read(0, 1)).rejects.toMatchObject({ code: 'Unavailable' });
    expect(target.closed).toBe(0);
    await there.close();
    expect(target.closed).toBe(1);
  });
});
