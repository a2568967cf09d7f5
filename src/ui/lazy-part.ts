/** A part of the page that is fetched when it is first wanted. What fails is told, and may be tried again. */
export class LazyPart<T> {
  readonly #open: (() => Promise<T>) | undefined;
  readonly #failed: (error: unknown) => void;
  #part: Promise<T> | undefined;

  /** Without `open` there is no such part. */
  constructor(open: (() => Promise<T>) | undefined, failed: (error: unknown) => void) {
    this.#open = open;
    this.#failed = failed;
  }

  /** Undefined, and told of, when it cannot be had. */
  async get(): Promise<T | undefined> {
    this.#part ??= this.#open?.();
    try {
      return await this.#part;
    } catch (error) {
      // Offline before it was ever fetched: the next time tries again.
      this.#part = undefined;
      this.#failed(error);
      return undefined;
    }
  }
}
