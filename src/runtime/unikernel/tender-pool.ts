import { SandboxError, toSandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { type Remote, transfer } from '../../rpc/control';
import type { SpawnWorker } from '../../rpc/worker-handle';
import type { SupervisedWorker, Supervisor } from '../supervisor';
import type { GuestEnd } from './guest-end';
import type { ProgramKind } from './program';
import type { RunKey, TenderNews, TenderService } from './tender-protocol';

/** Modules that take turns in one worker. */
const maxPerWorker = 16;

/**
 * A turn that takes longer than 0.3 to 0.45 s never ends, for all that can be told: the worker does not answer as long
 * as it lasts. Ended within half a second, as docs/ABI.md says.
 */
const heartbeat = { beatMs: 150, missedBeats: 2 } as const;

/** A worker in which nothing runs keeps nobody waiting, and each question wakes the page. */
const idleHeartbeat = { beatMs: 5000, missedBeats: 2 } as const;

/**
 * Memories that the workers may hold, those of modules that have ended and were not collected yet among them. Each
 * takes gigabytes of addresses whatever its size, of which Chromium 150 has for 125 in a process; where there are none
 * left not only modules fail. The rest is for virtual machines.
 */
const maxMemories = 100;

/** Of them, those of modules that have ended; with more, they are collected, since an engine may have no reason of its own. */
const maxUnused = 40;

/** Who runs in a worker, and is told what becomes of it there. */
export interface Tenant {
  /** It has ended by itself. */
  ended(end: GuestEnd): void;
  /** Its worker is gone. `blamed`: it had the CPU, and did not give it back. */
  lost(error: SandboxError, blamed: boolean): void;
}

/** A worker for unikernels and who is in it. */
export class TenderHost {
  readonly #worker: SupervisedWorker<TenderService>;
  readonly #tenants = new Map<RunKey, Tenant>();
  readonly #onLeft: () => void;
  #announced: RunKey | undefined;
  #memories = 0;
  #opened = false;
  /** Resolves when its code is loaded. */
  readonly ready: Promise<void>;
  /** One module has it to itself. */
  exclusive = false;

  constructor(worker: SupervisedWorker<TenderService>, onLeft: () => void) {
    this.#worker = worker;
    this.#onLeft = onLeft;
    worker.lost.addEventListener('abort', () => this.#onLost());
    this.ready = this.#open();
    this.ready.catch(() => {});
  }

  get remote(): Remote<TenderService> {
    return this.#worker.remote;
  }

  get lost(): AbortSignal {
    return this.#worker.lost;
  }

  get size(): number {
    return this.#tenants.size;
  }

  get hasRoom(): boolean {
    return !this.exclusive && this.size < maxPerWorker;
  }

  /** Memories that it holds, as far as it is known. */
  get memories(): number {
    return this.#memories;
  }

  /** Of them, those of modules that have ended. */
  get unused(): number {
    return this.#memories - this.size;
  }

  enter(key: RunKey, tenant: Tenant): void {
    this.#memories += 1;
    this.#tenants.set(key, tenant);
    if (this.#opened) this.#watch();
  }

  /** Ends the run in the worker, whether it has begun or not. */
  leave(key: RunKey): void {
    if (!this.#tenants.delete(key)) return;
    // Until it answers, the run may be one that never gives the worker back.
    this.remote.end(key).then(
      () => this.#watch(),
      () => {},
    );
    this.#onLeft();
  }

  terminate(reason: SandboxError): void {
    this.#worker.terminate(reason);
  }

  async #open(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<TenderNews>) => {
      if (typeof data === 'number') this.#announced = data;
      else if ('freed' in data) this.#memories -= data.freed;
      else this.#onEnded(data.ended, data.end);
    };
    this.lost.addEventListener('abort', () => port1.close());
    await this.remote.open(transfer(port2, [port2]));
    this.#opened = true;
    this.#watch();
  }

  #watch(): void {
    if (!this.lost.aborted) this.#worker.watch(this.size > 0 ? heartbeat : idleHeartbeat);
  }

  #onEnded(key: RunKey, end: GuestEnd): void {
    const tenant = this.#tenants.get(key);
    this.#tenants.delete(key);
    this.#watch();
    tenant?.ended(end);
    this.#onLeft();
  }

  #onLost(): void {
    const tenants = [...this.#tenants];
    this.#tenants.clear();
    const reason = toSandboxError(this.lost.reason);
    for (const [key, tenant] of tenants) tenant.lost(reason, key === this.#announced);
  }
}

export interface TenderPoolOptions {
  readonly spawn: SpawnWorker;
  readonly supervisor: Supervisor;
  /** Workers that are filled side by side before any of them gets a second module: as many as there are cores. */
  readonly spread: number;
}

/** The workers that run unikernels. As many as there are cores stay when they are empty; further ones are ended. */
export class TenderPool implements Disposable {
  readonly #options: TenderPoolOptions;
  readonly #hosts = new Set<TenderHost>();
  #collecting: Promise<void> | undefined;
  #spawned = 0;

  constructor(options: TenderPoolOptions) {
    this.#options = options;
  }

  get workers(): number {
    return this.#hosts.size;
  }

  /**
   * A worker for one more module. One that waits while it runs needs a worker of its own. `ResourceExhausted` when
   * there are too many.
   */
  take(kind: ProgramKind): TenderHost {
    this.#makeRoom();
    const exclusive = kind === 'jspi';
    const free = [...this.#hosts].filter((host) => host.hasRoom && (!exclusive || host.size === 0));
    const least = free.reduce<TenderHost | undefined>((a, b) => (a && a.size <= b.size ? a : b), undefined);
    const host = least ?? this.#spawn();
    host.exclusive = exclusive;
    return host;
  }

  /** Has a worker ready for the next module, as long as there are fewer than cores or all are full. */
  prepare(): void {
    const hosts = [...this.#hosts];
    const empty = hosts.some((host) => host.size === 0);
    if (!empty && (hosts.length < this.#options.spread || !hosts.some((host) => host.hasRoom))) this.#spawn();
  }

  /** Makes room for a module where there was none, as far as there are memories that nobody uses any more. */
  collect(): Promise<void> {
    this.#collecting ??= Promise.allSettled([...this.#hosts].map((host) => host.remote.collect())).then(() => {
      this.#collecting = undefined;
    });
    return this.#collecting;
  }

  dispose(): void {
    for (const host of [...this.#hosts]) host.terminate(new SandboxError('Canceled', 'The pool of workers has ended'));
  }

  #spawn(): TenderHost {
    this.#spawned += 1;
    const { spawn, supervisor } = this.#options;
    const worker = supervisor.spawn<TenderService>(spawn, `unikernels-${this.#spawned}`);
    const host: TenderHost = new TenderHost(worker, () => this.#onLeft(host));
    this.#hosts.add(host);
    worker.lost.addEventListener('abort', () => this.#hosts.delete(host));
    return host;
  }

  /** What has ended goes with its worker at the latest. */
  #makeRoom(): void {
    if (this.#memories < maxMemories) return;
    for (const host of [...this.#hosts]) if (host.size === 0 && host.memories > 0) host.terminate(unneeded());
    if (this.#memories < maxMemories) return;
    const message = `A page has addresses for ${maxMemories} modules: stop one, or try again when those that have ended are cleared away`;
    throw new SandboxError('ResourceExhausted', message, { details: { modules: maxMemories } });
  }

  get #memories(): number {
    return [...this.#hosts].reduce((sum, { memories }) => sum + memories, 0);
  }

  /** A module that waited may be in the middle of something for ever: its worker is not used again. */
  #onLeft(host: TenderHost): void {
    const unused = [...this.#hosts].reduce((sum, each) => sum + each.unused, 0);
    if (unused > maxUnused) void this.collect();
    if (host.size > 0) return;
    const empty = [...this.#hosts].filter(({ size }) => size === 0).length;
    if (host.exclusive || empty > this.#options.spread) host.terminate(unneeded());
  }
}

function unneeded(): SandboxError {
  return new SandboxError('Canceled', 'The worker is not needed any more');
}
