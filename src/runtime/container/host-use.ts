import type { Clock } from '../../base/clock';
import type { HostGuest } from './host-program';

/** Whether somebody wants something of a host, and since when nobody does. What only warms it up is not told here. */
export class HostUse {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #underWay = 0;
  #usedAt: number;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#usedAt = clock.monotonic();
  }

  /** Milliseconds since it was last used; 0 while it is. */
  get idleMs(): number {
    return this.#underWay > 0 ? 0 : this.#clock.monotonic() - this.#usedAt;
  }

  /** It was used just now. */
  note(): void {
    this.#usedAt = this.#clock.monotonic();
  }

  /** Used until the work is done or has failed. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#end();
    }
  }

  /** The guest, which is used until the programs have ended that were run in it. */
  guest(guest: HostGuest): HostGuest {
    return {
      exec: (spec) =>
        this.during(async () => {
          const process = await guest.exec(spec);
          this.#underWay += 1;
          const end = (): void => this.#end();
          process.exited.then(end, end);
          return process;
        }),
    };
  }

  #end(): void {
    this.#underWay -= 1;
    this.note();
  }
}
