import { type Clock, systemClock } from '../base/clock';
import { createDeferred, type Deferred } from '../base/deferred';
import { type ErrorRecord, parseError, SandboxError, serializeError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import { BlockPortClient, clientLimits } from './block-port';

type Bytes = Uint8Array<ArrayBuffer>;

/** A write that was acknowledged and that no flush has covered. */
export interface UnflushedWrite {
  readonly offset: number;
  readonly bytes: Bytes;
}

/** A disk's way to the store as it is handed to another thread, or begins. */
export interface LastingBlockState {
  /** Absent while the store is gone. */
  readonly port?: MessagePort;
  /** In the order in which they were acknowledged. */
  readonly unflushed: readonly UnflushedWrite[];
  /** The disk is lost for good. */
  readonly failure?: ErrorRecord;
}

export interface LastingBlockOptions {
  readonly clock?: Clock;
  /** How long a port may be known to be dead before the disk counts as lost, milliseconds. */
  readonly patienceMs?: number;
  /** Bytes of unflushed writes that are kept at most. */
  readonly maxUnflushed?: number;
}

/** The engine tries for half a minute to open a disk again, and says so when it gives up; this is for when nobody does. */
const defaultPatienceMs = 60_000;
const defaultMaxUnflushed = 8 * 1024 * 1024;

interface Request {
  readonly kind: 'read' | 'write' | 'flush';
  readonly offset: number;
  /** Bytes asked for, or sent. */
  readonly length: number;
  /** What a write writes. */
  readonly bytes?: Bytes;
  /** Asked for by the client itself. */
  readonly own?: boolean;
  /** A flush: the last write it makes durable, by its number. */
  covers: number;
  resolve(value: Bytes | undefined): void;
  reject(error: SandboxError): void;
}

interface Logged extends UnflushedWrite {
  readonly number: number;
}

/**
 * A machine's way to its disk that outlives the store's worker, as NFS clients outlive their server (RFC 1813,
 * 3.3.7 and 3.3.21): every write that was acknowledged is kept until a flush has covered it. When the disk has been
 * opened anew those are written again, in the order of their acknowledgement, and then what was under way is asked
 * once more. Until then requests wait.
 *
 * Writing again whatever may have been written is harmless: each byte ends as its last write left it, and in between
 * nobody reads. What is kept is bounded: from half of the bound on the client asks for a flush itself, and at the
 * bound writes wait for it.
 *
 * Errors of every call are those of a {@link BlockPortClient}.
 */
export class LastingBlockClient implements Disposable {
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #maxUnflushed: number;
  readonly #roomMade = new Emitter<void>();
  /** Undefined while the store is gone. */
  #inner: BlockPortClient | undefined;
  #port: MessagePort | undefined;
  /** Counts ports: what was asked through an earlier one is not answered any more. */
  #life = 0;
  /** The port is there, and what had to be written again has been. */
  #connected = false;
  /** In the order in which they were asked. */
  readonly #underWay = new Set<Request>();
  /** Writes for which the log has no room, in their order; they are under way, but not sent. */
  readonly #blocked = new Set<Request>();
  #asked = 0;
  #bytes = 0;
  /** Bytes of writes that were sent, or are to be as soon as there is a port. */
  #writing = 0;
  #refused = false;
  #log: Logged[] = [];
  #logged = 0;
  #lastNumber = 0;
  #patience: Disposable | undefined;
  #change: Deferred<void> | undefined;
  #ended: SandboxError | undefined;

  /** `state` as of a disk just opened: it goes on where that was. With `again` its writes are written once more first. */
  constructor({ port, unflushed, failure }: LastingBlockState, options: LastingBlockOptions = {}, again = false) {
    const { clock = systemClock, patienceMs = defaultPatienceMs, maxUnflushed = defaultMaxUnflushed } = options;
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    this.#maxUnflushed = maxUnflushed;
    for (const write of unflushed) this.#remember(write);
    if (failure) this.#ended = parseError(failure);
    else if (!port) this.#wait();
    else if (again) this.renew(port);
    else this.#use(port, true);
  }

  /** Requests that wait for their answer. */
  get pending(): number {
    return this.#asked;
  }

  /** Fires when there is room again after there was none. */
  get roomMade(): Event<void> {
    return this.#roomMade.event;
  }

  /** Bytes of writes that are kept. */
  get unflushedBytes(): number {
    return this.#logged;
  }

  /** Whether a request of that many bytes would be taken now; when not, `roomMade` will fire. */
  hasRoom(bytes = 0): boolean {
    // One request alone is taken whatever its size, or it would never be.
    const fits = this.#asked < clientLimits.requests && this.#bytes + bytes <= clientLimits.bytes;
    const room = this.#asked === 0 || fits;
    if (!room) this.#refused = true;
    return room;
  }

  async read(offset: number, length: number): Promise<Bytes> {
    const bytes = await this.#ask({ kind: 'read', offset, length });
    return bytes ?? new Uint8Array();
  }

  /** `bytes` is the client's to keep. */
  async write(offset: number, bytes: Bytes): Promise<void> {
    await this.#ask({ kind: 'write', offset, length: bytes.length, bytes });
  }

  async flush(): Promise<void> {
    await this.#ask({ kind: 'flush', offset: 0, length: 0 });
  }

  /** Goes on over another port: the disk was opened anew. */
  renew(port: MessagePort): void {
    if (this.#ended) {
      port.close();
      return;
    }
    this.#lose();
    this.#use(port, false);
    void this.#writeAgain(this.#life);
  }

  /** The disk is lost for good: everything is refused with `error` from now on. */
  fail(error: SandboxError): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#lose();
    this.#patience?.dispose();
    for (const request of this.#underWay) request.reject(error);
    this.#underWay.clear();
    this.#blocked.clear();
    this.#asked = 0;
    this.#bytes = 0;
    this.#log = [];
    this.#logged = 0;
    // Who waits for room or for calm must not wait for ever.
    this.#roomMade.fire();
    this.#roomMade.dispose();
    this.#tell();
  }

  /** Nothing is under way, and the store has all that was acknowledged; or the disk has ended. */
  get isSettled(): boolean {
    return this.#ended !== undefined || (this.#connected && this.#underWay.size === 0);
  }

  async settled(): Promise<void> {
    await this.#until(() => this.isSettled);
  }

  /** Nothing is under way; the store may be gone. */
  get isQuiet(): boolean {
    return this.isSettled || (!this.#inner && this.#asked === 0);
  }

  async quiet(): Promise<void> {
    await this.#until(() => this.isQuiet);
  }

  /** All that was acknowledged is durable, which somebody else has seen to. Only while nothing is under way. */
  markDurable(): void {
    this.#forget(this.#lastNumber);
  }

  /**
   * Gives the port away, to be transferred in this very turn of the event loop. What is not flushed goes with it as
   * a copy. `FailedPrecondition` unless it is quiet.
   */
  handOver(): LastingBlockState {
    if (!this.isQuiet) throw new SandboxError('FailedPrecondition', 'A disk has requests under way');
    const unflushed = this.#log.map(({ offset, bytes }) => ({ offset, bytes }));
    const failure = this.#ended && serializeError(this.#ended);
    const port = this.#inner?.handOver();
    this.#letGo();
    this.#ended = new SandboxError('Unavailable', 'The disk has moved to another thread');
    this.#roomMade.dispose();
    return { ...(port && { port }), unflushed, ...(failure && { failure }) };
  }

  /** Frees the disk, where the store is there to hear it. */
  dispose(): void {
    const inner = this.#inner;
    this.#letGo();
    inner?.close().catch(() => {});
    this.fail(new SandboxError('Unavailable', 'The disk was closed'));
  }

  #ask(wanted: Pick<Request, 'kind' | 'offset' | 'length' | 'bytes' | 'own'>): Promise<Bytes | undefined> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (!wanted.own && !this.hasRoom(wanted.length)) {
      const message = `Too much is asked of a disk at once: ${this.#asked} requests, ${this.#bytes} bytes`;
      return Promise.reject(new SandboxError('ResourceExhausted', message));
    }
    return new Promise((resolve, reject) => {
      const request: Request = { ...wanted, covers: 0, resolve, reject };
      this.#underWay.add(request);
      if (!request.own) {
        this.#asked += 1;
        this.#bytes += request.length;
      }
      if (request.kind !== 'write') {
        if (this.#connected) void this.#send(request);
        return;
      }
      this.#blocked.add(request);
      this.#letIn();
    });
  }

  /** Sends the writes that the log will have room for; for the others it asks for a flush. */
  #letIn(): void {
    for (const request of this.#blocked) {
      // What is under way will be in the log, too, when it is answered.
      const kept = this.#logged + this.#writing;
      if (kept > 0 && kept + request.length > this.#maxUnflushed) break;
      this.#blocked.delete(request);
      this.#writing += request.length;
      if (this.#connected) void this.#send(request);
    }
    const full = this.#logged > this.#maxUnflushed / 2 || (this.#blocked.size > 0 && this.#logged > 0);
    if (full) this.#flushSoon();
  }

  async #send(request: Request): Promise<void> {
    const [inner, life] = [this.#inner, this.#life];
    if (!inner) return;
    request.covers = this.#lastNumber;
    try {
      const value = await perform(inner, request);
      if (life === this.#life) this.#answer(request, value);
    } catch (thrown) {
      if (life !== this.#life || this.#ended) return;
      // The port has died: what it was asked will be asked again.
      if (inner.ended) this.#onDeath();
      else this.#refuse(request, toSandboxError(thrown));
    }
  }

  #answer(request: Request, value: Bytes | undefined): void {
    this.#done(request);
    if (request.kind === 'flush') this.#forget(request.covers);
    else if (request.kind === 'write' && request.bytes) {
      this.#remember({ offset: request.offset, bytes: request.bytes });
      this.#letIn();
    }
    request.resolve(value);
    this.#afterAnswer();
  }

  #refuse(request: Request, error: SandboxError): void {
    this.#done(request);
    request.reject(error);
    // Without a flush there will be no room for them.
    if (request.own) for (const blocked of [...this.#blocked]) this.#refuse(blocked, error);
    this.#afterAnswer();
  }

  #done(request: Request): void {
    this.#underWay.delete(request);
    if (!this.#blocked.delete(request) && request.kind === 'write') this.#writing -= request.length;
    if (request.own) return;
    this.#asked -= 1;
    this.#bytes -= request.length;
  }

  #afterAnswer(): void {
    if (this.#refused && this.#bytes <= clientLimits.bytes / 2) {
      this.#refused = false;
      this.#roomMade.fire();
    }
    this.#tell();
  }

  #remember(write: UnflushedWrite): void {
    this.#lastNumber += 1;
    this.#log.push({ ...write, number: this.#lastNumber });
    this.#logged += write.bytes.length;
  }

  /** Writes up to that number are durable. */
  #forget(number: number): void {
    this.#log = this.#log.filter((write) => write.number > number);
    this.#logged = this.#log.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#letIn();
  }

  /** A flush of the client's own, unless there is one. */
  #flushSoon(): void {
    for (const { own } of this.#underWay) if (own) return;
    this.#ask({ kind: 'flush', offset: 0, length: 0, own: true }).catch(() => {});
  }

  #use(port: MessagePort, connected: boolean): void {
    this.#patience?.dispose();
    this.#life += 1;
    this.#port = port;
    const unlimited = { maxRequests: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };
    this.#inner = new BlockPortClient(port, unlimited);
    this.#connected = connected;
    port.addEventListener('close', this.#onDeath);
  }

  /** What was asked through the present port is not heard of any more. */
  #lose(): void {
    this.#port?.close();
    this.#letGo();
  }

  #letGo(): void {
    this.#port?.removeEventListener('close', this.#onDeath);
    this.#port = undefined;
    this.#inner = undefined;
    this.#life += 1;
    this.#connected = false;
  }

  /** Told in Node; in browsers only a new port tells. */
  readonly #onDeath = (): void => {
    if (this.#ended) return;
    this.#lose();
    this.#wait();
    this.#tell();
  };

  #wait(): void {
    this.#patience = this.#clock.after(this.#patienceMs, () =>
      this.fail(new SandboxError('Unavailable', 'The store has gone, and the disk with it')),
    );
  }

  async #writeAgain(life: number): Promise<void> {
    try {
      for (const { offset, bytes } of [...this.#log]) {
        // One after the other: two that overlap must not change places.
        await this.#inner?.write(offset, bytes.slice());
        if (life !== this.#life) return;
      }
    } catch (thrown) {
      if (life !== this.#life) return;
      if (this.#inner?.ended) this.#onDeath();
      else this.fail(toSandboxError(thrown));
      return;
    }
    this.#connected = true;
    for (const request of this.#underWay) if (!this.#blocked.has(request)) void this.#send(request);
    this.#tell();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#change ??= createDeferred();
      await this.#change.promise;
    }
  }

  /** Something has changed that somebody may wait for. */
  #tell(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }
}

/** A write is sent as a copy, since it may have to be sent again. */
async function perform(inner: BlockPortClient, { kind, offset, length, bytes }: Request): Promise<Bytes | undefined> {
  if (kind === 'read') return inner.read(offset, length);
  if (kind === 'flush') await inner.flush();
  else if (bytes) await inner.write(offset, bytes.slice());
  return undefined;
}
