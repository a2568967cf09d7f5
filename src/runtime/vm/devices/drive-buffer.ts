import { createDeferred, type Deferred } from '../../../base/deferred';
import { SandboxError, toSandboxError } from '../../../base/errors';
import { Emitter } from '../../../base/events';
import { blockRequestLimit } from '../../../rpc/block-port';
import type { DriveMedium } from '../v86-internals';
import type { DiskBacking, MachineDisk } from './machine-disk';

const sectorBytes = 512;

/**
 * What is in one of v86's emulated drives, over a block port: nothing is kept here. Requests are served one after the
 * other, because these drives take a write as done before it is.
 *
 * v86 has no way to be told of a request that failed; {@link failures} says so instead, and the callback is not called.
 */
export class DriveBuffer implements MachineDisk, DriveMedium {
  readonly byteLength: number;
  /** Set by v86, which waits for it. */
  onload: ((event: object) => void) | undefined;
  readonly #failures = new Emitter<SandboxError>();
  readonly failures = this.#failures.event;
  /** Since the machine was made. */
  readBytes = 0;
  writtenBytes = 0;
  #backing: DiskBacking | undefined;
  #firstSector: Uint8Array<ArrayBuffer> | undefined;
  #tail: Promise<void> = Promise.resolve();
  #inFlight = 0;
  /** Counts restores and detachments: what was begun before such is not answered after it. */
  #epoch = 0;
  #drained: Deferred<void> | undefined;

  /** @param byteLength What the guest sees. */
  constructor(byteLength: number) {
    this.byteLength = byteLength;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  attach(backing: DiskBacking): void {
    this.detach();
    this.#backing = backing;
  }

  detach(): void {
    this.#backing = undefined;
    this.#forget();
  }

  async drain(): Promise<void> {
    if (this.#inFlight === 0) return;
    this.#drained ??= createDeferred();
    await this.#drained.promise;
  }

  /** Reads what v86 looks at when it makes the drive: a partition table tells the geometry it was written for. */
  async readFirstSector(): Promise<void> {
    const length = Math.min(sectorBytes, this.byteLength);
    if (length === sectorBytes) this.#firstSector = await this.#requireBacking().client.read(0, length);
  }

  /** Everything that was written before is durable. */
  flush(done: () => void): void {
    this.#enqueue(async () => {
      await this.#requireBacking().client.flush();
      return done;
    });
  }

  load(): void {
    this.onload?.({});
  }

  get(start: number, length: number, callback: (bytes: Uint8Array<ArrayBuffer>) => void): void {
    this.readBytes += length;
    this.#enqueue(async () => {
      const bytes = await this.#read(start, length);
      return () => callback(bytes);
    });
  }

  set(start: number, bytes: Uint8Array, callback: () => void): void {
    // The drive goes on using its buffer.
    const copy = new Uint8Array(bytes);
    this.writtenBytes += copy.length;
    this.#enqueue(async () => {
      await this.#write(start, copy);
      return callback;
    });
  }

  /** Asked for the first sector only, of a drive that has its bytes later. */
  get_and_cache(_start: number, length: number, callback: (bytes: Uint8Array<ArrayBuffer>) => void): void {
    callback(this.get_from_cache(0, length) ?? new Uint8Array(length));
  }

  get_from_cache(start: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    return start === 0 && length === sectorBytes ? this.#firstSector : undefined;
  }

  get_buffer(callback: (buffer: undefined) => void): void {
    callback(undefined);
  }

  /** The bytes are the disk's, whose generation is saved with the machine. */
  get_state(): unknown[] {
    return [];
  }

  set_state(): void {
    this.#forget();
  }

  #enqueue(work: () => Promise<() => void>): void {
    const epoch = this.#epoch;
    this.#inFlight += 1;
    this.#tail = this.#tail.then(async () => {
      const done = await work().catch((error: unknown) => () => this.#failures.fire(toSandboxError(error)));
      if (epoch !== this.#epoch) return;
      this.#inFlight -= 1;
      try {
        // May ask for more.
        done();
      } catch (error) {
        this.#failures.fire(toSandboxError(error));
      }
      if (this.#inFlight > 0) return;
      this.#drained?.resolve();
      this.#drained = undefined;
    });
  }

  async #read(start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const { client } = this.#requireBacking();
    if (length <= blockRequestLimit) return client.read(start, length);
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += blockRequestLimit) {
      bytes.set(await client.read(start + at, Math.min(blockRequestLimit, length - at)), at);
    }
    return bytes;
  }

  async #write(start: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { client } = this.#requireBacking();
    for (let at = 0; at < bytes.length; at += blockRequestLimit) {
      await client.write(start + at, bytes.slice(at, at + blockRequestLimit));
    }
  }

  #requireBacking(): DiskBacking {
    if (!this.#backing) throw new SandboxError('FailedPrecondition', 'The drive has no block port');
    return this.#backing;
  }

  #forget(): void {
    this.#epoch += 1;
    this.#inFlight = 0;
    // Whoever waits may have gone.
    this.#drained?.promise.catch(() => {});
    this.#drained?.reject(new SandboxError('Unavailable', 'The disk was detached'));
    this.#drained = undefined;
  }
}
