import { SandboxError } from '../base/errors';

/** Told by its ratio, once enough has come out that a real artifact full of zeros is let by. */
const bombRatio = 200;
const bombFloor = 64 * 1024 * 1024;

/** Counts what goes into a decoder and what comes out of it, and refuses a decompression bomb. */
export class BombGuard {
  #taken = 0;
  #given = 0;

  take(bytes: number): void {
    this.#taken += bytes;
  }

  /** `DataLoss`, with `limit` in its details, when far more has come out than anything but a bomb holds. */
  give(bytes: number): void {
    this.#given += bytes;
    if (this.#given <= bombFloor || this.#given <= this.#taken * bombRatio) return;
    const message = `${this.#given} bytes out of ${this.#taken}: this is a decompression bomb`;
    throw new SandboxError('DataLoss', message, { details: { limit: bombRatio } });
  }
}
