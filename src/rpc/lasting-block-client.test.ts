import { describe, expect, it, onTestFinished } from 'vitest';
import { createDeferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { FakeClock, settle } from '../base/fake-clock';
import { type BlockTarget, serveBlockPort } from './block-port';
import { LastingBlockClient, type LastingBlockOptions, type LastingBlockState } from './lasting-block-client';

const kib = 1024;

/** A disk in an array that dies with its volatile cache: what was not flushed is gone. */
class VolatileDisk implements BlockTarget {
  readonly durable = new Uint8Array(64 * kib);
  cached = new Uint8Array(64 * kib);
  readonly log: string[] = [];
  failure: SandboxError | undefined;
  flushGate: Promise<void> | undefined;
  #port: MessagePort | undefined;

  /** Serves it anew; what an earlier port was asked is never answered. */
  open(): MessagePort {
    this.cached = this.durable.slice();
    const { port1, port2 } = new MessageChannel();
    serveBlockPort(port1, this);
    this.#port = port1;
    return port2;
  }

  /** Nobody hears of it, as in browsers. */
  die(): void {
    if (this.#port) this.#port.onmessage = null;
  }

  /** As Node tells. */
  dieLoudly(): void {
    this.die();
    this.#port?.close();
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.cached.slice(offset, offset + length);
  }
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    if (this.failure) throw this.failure;
    this.log.push(`write ${offset}`);
    this.cached.set(bytes, offset);
  }
  async flush(): Promise<void> {
    if (this.failure) throw this.failure;
    const flushed = this.cached.slice();
    await this.flushGate;
    this.log.push('flush');
    this.durable.set(flushed);
  }
  async extents(): Promise<Uint32Array<ArrayBuffer>> {
    return new Uint32Array();
  }
  async close(): Promise<void> {}
}

function lasting(state: LastingBlockState, options: LastingBlockOptions = {}): LastingBlockClient {
  const client = new LastingBlockClient(state, options);
  onTestFinished(() => client.dispose());
  return client;
}

function open(options: LastingBlockOptions = {}) {
  const disk = new VolatileDisk();
  const client = lasting({ port: disk.open(), unflushed: [] }, options);
  return { disk, client };
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a disk whose store dies', () => {
  it('has everything that was acknowledged once it is opened anew, in the same order', async () => {
    const { disk, client } = open();
    await client.write(0, bytes(1, 1));
    await client.flush();
    await client.write(0, bytes(2, 2));
    await client.write(1, bytes(3));
    disk.die();
    disk.log.length = 0;
    client.renew(disk.open());
    expect(await client.read(0, 2)).toEqual(bytes(2, 3));
    expect(disk.log).toEqual(['write 0', 'write 1']);
    expect(disk.durable[1]).toBe(1);
    await client.flush();
    expect(disk.durable.slice(0, 2)).toEqual(bytes(2, 3));
    expect(client.unflushedBytes).toBe(0);
  });

  it.each(['die', 'dieLoudly'] as const)(
    'answers what was under way, and what was asked meanwhile (%s)',
    async (way) => {
      const { disk, client } = open();
      await client.write(5, bytes(7));
      disk[way]();
      const [write, flush, read] = [client.write(6, bytes(8)), client.flush(), client.read(5, 1)];
      await turn();
      expect(client).toMatchObject({ pending: 3, isSettled: false });
      client.renew(disk.open());
      await Promise.all([write, flush]);
      expect(await read).toEqual(bytes(7));
      await client.flush();
      expect(disk.durable.slice(5, 7)).toEqual(bytes(7, 8));
      await client.settled();
    },
  );

  it('does not take a flush that began before a write for one that covers it', async () => {
    const { disk, client } = open();
    const gate = createDeferred<void>();
    disk.flushGate = gate.promise;
    await client.write(0, bytes(1));
    const flush = client.flush();
    await turn();
    await client.write(1, bytes(2));
    gate.resolve();
    await flush;
    expect(client.unflushedBytes).toBe(1);
    disk.die();
    client.renew(disk.open());
    expect(await client.read(0, 2)).toEqual(bytes(1, 2));
  });

  it('can die again while it is being written again', async () => {
    const { disk, client } = open();
    for (let at = 0; at < 50; at += 1) await client.write(at, bytes(at + 1));
    disk.die();
    client.renew(disk.open());
    while (!disk.log.slice(50).includes('write 3')) await turn();
    disk.dieLoudly();
    client.renew(disk.open());
    await client.flush();
    expect(disk.durable.slice(0, 50)).toEqual(Uint8Array.from({ length: 50 }, (_, at) => at + 1));
  });

  it('is given up when nobody opens it anew', async () => {
    const clock = new FakeClock();
    const { disk, client } = open({ clock, patienceMs: 1000 });
    await client.write(0, bytes(1));
    disk.dieLoudly();
    while (client.isSettled) await turn();
    const waiting = client.read(0, 1);
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'Unavailable' });
    const settled = client.settled();
    await clock.advance(1000);
    await outcome;
    await settled;
    await expect(client.write(0, bytes(1))).rejects.toMatchObject({ code: 'Unavailable' });
    expect(client).toMatchObject({ pending: 0, unflushedBytes: 0 });
  });

  it('refuses everything with the reason for which it could not be opened anew', async () => {
    const { disk, client } = open();
    disk.die();
    const waiting = client.flush();
    client.fail(new SandboxError('FailedPrecondition', 'It was opened elsewhere'));
    await expect(waiting).rejects.toMatchObject({ code: 'FailedPrecondition' });
    const late = disk.open();
    client.renew(late);
    await expect(client.read(0, 1)).rejects.toMatchObject({ message: 'It was opened elsewhere' });
  });

  it('is lost when what was acknowledged cannot be written again', async () => {
    const { disk, client } = open();
    await client.write(0, bytes(1));
    disk.die();
    const port = disk.open();
    disk.failure = new SandboxError('ResourceExhausted', 'No room');
    client.renew(port);
    await expect(client.read(0, 1)).rejects.toMatchObject({ code: 'ResourceExhausted' });
  });
});

describe('what is kept of a disk', () => {
  it('is bounded by flushes of its own', async () => {
    const { disk, client } = open({ maxUnflushed: 16 * kib });
    const most: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      await Promise.all([0, 1, 2].map((at) => client.write(at * 4 * kib, new Uint8Array(4 * kib).fill(round))));
      most.push(client.unflushedBytes);
    }
    expect(Math.max(...most)).toBeLessThanOrEqual(16 * kib);
    expect(disk.log.filter((each) => each === 'flush').length).toBeGreaterThan(5);
    await client.settled();
    disk.die();
    client.renew(disk.open());
    expect((await client.read(0, 12 * kib)).every((byte) => byte === 39)).toBe(true);
  });

  it('takes one write that is larger than the bound', async () => {
    const { client } = open({ maxUnflushed: 16 });
    await Promise.all([client.write(0, new Uint8Array(64).fill(1)), client.write(64, new Uint8Array(64).fill(2))]);
    expect((await client.read(63, 2)).slice()).toEqual(bytes(1, 2));
  });

  it('makes writes wait for a flush, and fails them with it', async () => {
    const { disk, client } = open({ maxUnflushed: 4 * kib });
    await client.write(0, new Uint8Array(4 * kib).fill(1));
    await client.settled();
    const gate = createDeferred<void>();
    disk.flushGate = gate.promise;
    await client.write(0, new Uint8Array(4 * kib).fill(2));
    disk.failure = new SandboxError('ResourceExhausted', 'No room');
    const blocked = client.write(0, new Uint8Array(4 * kib).fill(3));
    const outcome = expect(blocked).rejects.toMatchObject({ code: 'ResourceExhausted' });
    gate.resolve();
    await outcome;
    disk.failure = undefined;
    await client.write(0, new Uint8Array(4 * kib).fill(4));
    expect((await client.read(0, 1))[0]).toBe(4);
  });

  it('is nothing after somebody else has made it durable', async () => {
    const { client } = open();
    await client.write(0, bytes(1));
    client.markDurable();
    expect(client.unflushedBytes).toBe(0);
  });

  it('takes no more requests than it has room for, and says when there is room', async () => {
    const { disk, client } = open();
    disk.die();
    const reads = Array.from({ length: 128 }, () => client.read(0, 1));
    expect(client.hasRoom()).toBe(false);
    await expect(client.read(0, 1)).rejects.toMatchObject({ code: 'ResourceExhausted' });
    let fired = 0;
    client.roomMade(() => {
      fired += 1;
    });
    client.renew(disk.open());
    await Promise.all(reads);
    expect(fired).toBe(1);
    expect(client.hasRoom()).toBe(true);
  });
});

describe('a disk that moves to another thread', () => {
  it('takes along what is not flushed', async () => {
    const { disk, client } = open();
    await client.write(0, bytes(1));
    const state = client.handOver();
    const there = lasting(state);
    await there.write(1, bytes(2));
    disk.die();
    there.renew(disk.open());
    expect(await there.read(0, 2)).toEqual(bytes(1, 2));
    await expect(client.read(0, 1)).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('does not move while something is under way', async () => {
    const { client } = open();
    const read = client.read(0, 1);
    expect(() => client.handOver()).toThrow(SandboxError);
    await read;
  });

  it('begins with what another had not flushed, written again', async () => {
    const { disk, client } = open();
    await client.write(0, bytes(1));
    const { unflushed } = client.handOver();
    disk.die();
    const again = new LastingBlockClient({ port: disk.open(), unflushed }, {}, true);
    onTestFinished(() => again.dispose());
    expect(await again.read(0, 1)).toEqual(bytes(1));
  });

  it('stays lost when it is', async () => {
    const { client } = open();
    client.fail(new SandboxError('NotFound', 'Gone'));
    await settle();
    const there = lasting(client.handOver());
    await expect(there.read(0, 1)).rejects.toMatchObject({ code: 'NotFound', message: 'Gone' });
  });
});
