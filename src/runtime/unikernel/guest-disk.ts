import type { Clock } from '../../base/clock';
import { SandboxError, toSandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { withTimeout } from '../../base/timeout';
import { extentSize } from '../../formats/disk-image';
import { BlockPortClient } from '../../rpc/block-port';
import { LastingBlockClient } from '../../rpc/lasting-block-client';
import { type Result, result } from './results';

/** Bytes of a block, as in Solo5's own tenders: what is written whole or not at all. */
export const blockBytes = 512;

/** All of a disk is kept in the tender's memory, so that reading needs no waiting. */
const maxDiskBytes = 64 * 1024 * 1024;

/** Extents asked for at once while a disk is read. */
const readsAtOnce = 32;

/** Reading all of the largest disk takes a second; browsers do not tell when the store has gone. */
const readTimeoutMs = 20_000;

/** One request to the store; blocks that follow one another are joined up to it. */
const maxRequestBytes = 64 * 1024;

/** Bytes that are written and not yet sent; beyond it a module has to wait. */
const maxQueuedBytes = 4 * 1024 * 1024;

/** Flushes that are asked for and not over. */
const maxFlushes = 1024;

export interface DiskOptions {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly clock: Clock;
  /** There is something for the module to look at. */
  readonly wake: () => void;
}

export interface DiskCounters {
  readBytes: number;
  writtenBytes: number;
  flushes: number;
  /** Calls that were refused: a wrong offset or length, or a write to a disk that cannot be written. */
  refused: number;
}

type Queued =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'flush'; readonly number: bigint };

/**
 * A module's block device: the whole disk in memory, and behind it the disk itself over a block port. What is written
 * is seen by every read from then on and goes to the port in order; two writes of the same block are never under way
 * together. A flush begins when all that was written before it has been taken, and is told by its number.
 */
export class GuestDisk implements Disposable {
  readonly counters: DiskCounters = { readBytes: 0, writtenBytes: 0, flushes: 0, refused: 0 };
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #client: LastingBlockClient;
  readonly #readOnly: boolean;
  readonly #wake: () => void;
  readonly #room: Disposable;
  readonly #queue: Queued[] = [];
  readonly #underWay = new Set<{ readonly start: number; readonly end: number }>();
  #queuedBytes = 0;
  #lastFlush = 0n;
  #flushed = 0n;
  #flushing = false;
  #failure: SandboxError | undefined;
  /** A write had no room. */
  #refused = false;
  #news = false;
  readonly #waiters: (() => void)[] = [];

  private constructor(bytes: Uint8Array<ArrayBuffer>, port: MessagePort, { readOnly, wake }: DiskOptions) {
    this.#bytes = bytes;
    this.#client = new LastingBlockClient({ port, unflushed: [] });
    this.#readOnly = readOnly;
    this.#wake = wake;
    this.#room = this.#client.roomMade(() => this.#pump());
  }

  /** Reads the disk; holes are left out. `InvalidArgument` for one that is too large, else errors of the block port. */
  static async open(port: MessagePort, options: DiskOptions): Promise<GuestDisk> {
    const { sizeBytes, clock } = options;
    const client = new BlockPortClient(port);
    try {
      if (sizeBytes > maxDiskBytes) {
        const message = `A unikernel's disk has at most ${maxDiskBytes} bytes: ${sizeBytes}`;
        throw new SandboxError('InvalidArgument', message);
      }
      const bytes = new Uint8Array(sizeBytes);
      await withTimeout(clock, readTimeoutMs, 'The disk could not be read in time', readExtents(client, bytes));
      return new GuestDisk(bytes, client.handOver(), options);
    } catch (error) {
      client.close().catch(() => {});
      throw error;
    }
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  /** Whether a flush is over, or there is room after there was none, since the module last had a turn. */
  get ready(): boolean {
    return this.#news;
  }

  beginTurn(): void {
    this.#news = false;
  }

  read(offset: bigint, buffer: Uint8Array): Result {
    const at = this.#blockAt(offset, buffer.length);
    if (at === undefined) return this.#refuse();
    buffer.set(this.#bytes.subarray(at, at + blockBytes));
    this.counters.readBytes += blockBytes;
    return result.ok;
  }

  write(offset: bigint, block: Uint8Array): Result {
    const at = this.#blockAt(offset, block.length);
    if (at === undefined || this.#readOnly) return this.#refuse();
    if (this.#failure) return result.unspecified;
    if (this.#queuedBytes >= maxQueuedBytes) {
      this.#refused = true;
      return result.again;
    }
    this.#bytes.set(block, at);
    this.counters.writtenBytes += blockBytes;
    this.#enqueue(at, block.slice());
    return result.ok;
  }

  /** Its number; `unspecified` when the disk has failed, `again` when too many are asked for. */
  flush(): bigint | Result {
    if (this.#failure) return result.unspecified;
    if (this.#lastFlush - this.#flushed >= BigInt(maxFlushes)) return result.again;
    this.#lastFlush += 1n;
    this.counters.flushes += 1;
    this.#queue.push({ kind: 'flush', number: this.#lastFlush });
    return this.#lastFlush;
  }

  /** The number of the last flush that is over; undefined once one has failed. */
  get flushed(): bigint | undefined {
    return this.#failure ? undefined : this.#flushed;
  }

  /** Sends what was asked for in this turn. */
  endTurn(): void {
    this.#pump();
  }

  /** Resolves when all that was written is durable, or the disk has failed. */
  async settle(): Promise<void> {
    this.flush();
    this.#pump();
    if (this.#isSettled) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** The store was started again. */
  renew(port: MessagePort): void {
    this.#client.renew(port);
  }

  fail(error: SandboxError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#client.fail(error);
    this.#tell();
    this.#releaseWaiters();
  }

  dispose(): void {
    this.#room.dispose();
    this.#client.dispose();
    this.#releaseWaiters();
  }

  get #isSettled(): boolean {
    return this.#failure !== undefined || this.#flushed === this.#lastFlush;
  }

  #releaseWaiters(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  #refuse(): Result {
    this.counters.refused += 1;
    return result.invalid;
  }

  /** Where a block is, if there is one that begins there. */
  #blockAt(offset: bigint, length: number): number | undefined {
    const at = Number(BigInt.asUintN(64, BigInt(offset)));
    const whole = length === blockBytes && at % blockBytes === 0;
    return whole && at + blockBytes <= this.#bytes.length ? at : undefined;
  }

  /** Joins it to the write before it where the blocks follow one another. */
  #enqueue(offset: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#queuedBytes += bytes.length;
    const last = this.#queue.at(-1);
    const joins = last?.kind === 'write' && last.offset + last.bytes.length === offset;
    if (!joins || last.bytes.length + bytes.length > maxRequestBytes) {
      this.#queue.push({ kind: 'write', offset, bytes });
      return;
    }
    const joined = new Uint8Array(last.bytes.length + bytes.length);
    joined.set(last.bytes);
    joined.set(bytes, last.bytes.length);
    this.#queue[this.#queue.length - 1] = { kind: 'write', offset: last.offset, bytes: joined };
  }

  /** Sends from the head of the queue as long as nothing has to be waited for. */
  #pump(): void {
    for (let head = this.#queue[0]; head; head = this.#queue[0]) {
      if (head.kind === 'flush') {
        if (this.#underWay.size > 0 || this.#flushing) return;
        this.#sendFlush();
      } else {
        const [start, end] = [head.offset, head.offset + head.bytes.length];
        for (const other of this.#underWay) if (start < other.end && other.start < end) return;
        if (!this.#client.hasRoom(head.bytes.length)) return;
        this.#queue.shift();
        void this.#send(head.offset, head.bytes);
      }
    }
  }

  async #send(offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const range = { start: offset, end: offset + bytes.length };
    this.#underWay.add(range);
    try {
      await this.#client.write(offset, bytes);
    } catch (thrown) {
      this.fail(toSandboxError(thrown));
      return;
    }
    this.#underWay.delete(range);
    this.#queuedBytes -= bytes.length;
    if (this.#refused && this.#queuedBytes <= maxQueuedBytes / 2) {
      this.#refused = false;
      this.#tell();
    }
    this.#pump();
  }

  /** All flushes at the head of the queue are one: nothing was written between them. */
  #sendFlush(): void {
    let number = 0n;
    for (let head = this.#queue[0]; head?.kind === 'flush'; head = this.#queue[0]) {
      number = head.number;
      this.#queue.shift();
    }
    this.#flushing = true;
    this.#client.flush().then(
      () => {
        this.#flushing = false;
        this.#flushed = number;
        this.#tell();
        if (this.#isSettled) this.#releaseWaiters();
        this.#pump();
      },
      (thrown: unknown) => this.fail(toSandboxError(thrown)),
    );
  }

  #tell(): void {
    this.#news = true;
    this.#wake();
  }
}

async function readExtents(client: BlockPortClient, bytes: Uint8Array): Promise<void> {
  const indexes = await client.extents();
  for (let from = 0; from < indexes.length; from += readsAtOnce) {
    const some = [...indexes.subarray(from, from + readsAtOnce)];
    const read = async (index: number): Promise<void> => {
      const start = index * extentSize;
      const length = Math.min(extentSize, bytes.length - start);
      if (length > 0) bytes.set(await client.read(start, length), start);
    };
    await Promise.all(some.map(read));
  }
}
