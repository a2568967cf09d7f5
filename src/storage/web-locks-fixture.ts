import type { LabChannel } from './lab-lock';

type LockCallback = (lock: Lock | null) => unknown;

interface Request {
  readonly tab: string;
  readonly name: string;
  readonly mode: LockMode;
  readonly callback: LockCallback;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Tabs of one origin, for tests: Web Locks (W3C, Web Locks API, "Algorithms") and broadcast channels, with
 * tabs that can die or freeze.
 */
export class FakeOrigin {
  readonly #held: Request[] = [];
  #queue: Request[] = [];
  readonly #dead = new Set<string>();
  readonly #frozen = new Map<string, (() => void)[]>();
  readonly #listeners = new Map<(event: MessageEvent) => void, string>();

  /** Tabs that hold the lock exclusively: never more than one. */
  owners(name: string): readonly string[] {
    return this.#held.filter((held) => held.name === name && held.mode === 'exclusive').map(({ tab }) => tab);
  }

  locks(tab: string): LockManager {
    const request = (name: string, options: LockOptions | LockCallback, callback?: LockCallback): Promise<unknown> =>
      typeof options === 'function'
        ? this.#request(tab, name, {}, options)
        : this.#request(tab, name, options, callback ?? (() => undefined));
    const info = ({ tab: clientId, name, mode }: Request): LockInfo => ({ clientId, name, mode });
    const query = async (): Promise<LockManagerSnapshot> => {
      await Promise.resolve();
      return { held: this.#held.map(info), pending: this.#queue.map(info) };
    };
    return { request, query } as LockManager;
  }

  channel(tab: string): LabChannel {
    const own = new Set<(event: MessageEvent) => void>();
    return {
      addEventListener: (_: string, listener: unknown) => {
        own.add(listener as (event: MessageEvent) => void);
        this.#listeners.set(listener as (event: MessageEvent) => void, tab);
      },
      postMessage: (data: unknown) => {
        if (this.#dead.has(tab)) return;
        for (const [listener, to] of this.#listeners) {
          if (!own.has(listener)) this.#deliver(to, () => listener({ data } as MessageEvent));
        }
      },
      close: () => {
        for (const listener of own) this.#listeners.delete(listener);
      },
    };
  }

  /** The browser's part of a tab's death: its locks and requests go. */
  kill(tab: string): void {
    this.#dead.add(tab);
    for (const [listener, of] of this.#listeners) if (of === tab) this.#listeners.delete(listener);
    this.#queue = this.#queue.filter((request) => request.tab !== tab);
    for (const held of this.#held.filter((each) => each.tab === tab)) this.#held.splice(this.#held.indexOf(held), 1);
    this.#grant();
  }

  /** The tab keeps its locks and hears nothing until it thaws. */
  freeze(tab: string): void {
    this.#frozen.set(tab, []);
  }

  thaw(tab: string): void {
    const waiting = this.#frozen.get(tab) ?? [];
    this.#frozen.delete(tab);
    for (const run of waiting) this.#deliver(tab, run);
  }

  #deliver(tab: string, run: () => void): void {
    queueMicrotask(() => {
      if (this.#dead.has(tab)) return;
      const waiting = this.#frozen.get(tab);
      if (waiting) waiting.push(run);
      else run();
    });
  }

  #request(
    tab: string,
    name: string,
    { mode = 'exclusive', ifAvailable = false, steal = false, signal }: LockOptions,
    callback: LockCallback,
  ): Promise<unknown> {
    if (this.#dead.has(tab)) return new Promise(() => undefined);
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const request: Request = { tab, name, mode, callback, resolve, reject };
      if (steal) this.#steal(request);
      else if (ifAvailable && !this.#grantable(request)) this.#deliver(tab, () => settle(request, null));
      else this.#queue.push(request);
      signal?.addEventListener('abort', () => {
        if (!this.#queue.includes(request)) return;
        this.#queue = this.#queue.filter((each) => each !== request);
        reject(signal.reason);
        this.#grant();
      });
      this.#grant();
    });
  }

  #steal(request: Request): void {
    for (const held of this.#held.filter(({ name }) => name === request.name)) {
      this.#held.splice(this.#held.indexOf(held), 1);
      this.#deliver(held.tab, () => held.reject(new DOMException('The lock was stolen', 'AbortError')));
    }
    this.#queue.unshift(request);
  }

  /** Whether nothing held, and nothing that waits before it, is in its way. */
  #grantable(request: Request): boolean {
    const before = this.#queue.slice(0, this.#queue.includes(request) ? this.#queue.indexOf(request) : undefined);
    if (before.some(({ name }) => name === request.name)) return false;
    const held = this.#held.filter(({ name }) => name === request.name);
    return request.mode === 'shared' ? held.every(({ mode }) => mode === 'shared') : held.length === 0;
  }

  #grant(): void {
    for (;;) {
      const request = this.#queue.find((each) => this.#grantable(each));
      if (!request) return;
      this.#queue = this.#queue.filter((each) => each !== request);
      this.#held.push(request);
      this.#deliver(request.tab, () => {
        const { name, mode } = request;
        settle(request, { name, mode }).finally(() => {
          const index = this.#held.indexOf(request);
          if (index >= 0) this.#held.splice(index, 1);
          this.#grant();
        });
      });
    }
  }
}

async function settle({ callback, resolve, reject }: Request, lock: Lock | null): Promise<void> {
  try {
    resolve(await callback(lock));
  } catch (error) {
    reject(error);
  }
}
