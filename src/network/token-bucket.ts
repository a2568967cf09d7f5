/** Lets `rate` tokens a second through, and after a silence at most `burst` at once. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #filled: number;

  /** `now` in milliseconds. The bucket starts full. */
  constructor(rate: number, burst: number, now: number) {
    this.#perMs = rate / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filled = now;
  }

  /** Takes so many tokens, or none when there are fewer. */
  take(count: number, now: number): boolean {
    if (now > this.#filled) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filled) * this.#perMs);
      this.#filled = now;
    }
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}
