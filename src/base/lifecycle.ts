/** Something with an end: a listener, a port, a worker. Disposing twice is harmless. */
export interface Disposable {
  dispose(): void;
}

/** What a leak tracker hears: of everything that will have to end, and of its end. */
export interface LifecycleWatcher {
  made(item: Disposable): void;
  ended(item: Disposable): void;
}

let watcher: LifecycleWatcher | undefined;

/** For tests that look for leaks; `undefined` ends it. */
export function watchLifecycles(next: LifecycleWatcher | undefined): void {
  watcher = next;
}

/** A disposable that runs `release` once. */
export function toDisposable(release: () => void): Disposable {
  let released = false;
  const item: Disposable = {
    dispose() {
      if (released) return;
      released = true;
      watcher?.ended(item);
      release();
    },
  };
  watcher?.made(item);
  return item;
}

/** Owns disposables and ends them all, last added first. What is added after the end is ended at once. */
export class DisposableStore implements Disposable {
  readonly #items: Disposable[] = [];
  #disposed = false;

  get disposed(): boolean {
    return this.#disposed;
  }

  add<T extends Disposable>(item: T): T {
    if (this.#disposed) item.dispose();
    else this.#items.push(item);
    return item;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const item of this.#items.splice(0).reverse()) item.dispose();
  }
}
