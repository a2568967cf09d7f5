import type { GuardedStation } from '../../api/network';
import type { Disposable } from '../../base/lifecycle';
import type { Networks } from '../networks';
import type { ContainerBook, ContainerEntry } from './container-book';

export interface StationGuardOptions {
  readonly book: ContainerBook;
  readonly networks: Pick<Networks, 'reservationsOf' | 'guard'>;
}

/** Tells the switch which containers are behind which ports, so that nobody at another port can take their addresses. */
export class StationGuard implements Disposable {
  readonly #options: StationGuardOptions;
  readonly #listener: Disposable;
  #told = '[]';

  constructor(options: StationGuardOptions) {
    this.#options = options;
    this.#listener = options.book.news(() => this.#follow());
  }

  dispose(): void {
    this.#listener.dispose();
  }

  #follow(): void {
    const { book, networks } = this.#options;
    const stations = book.entries().flatMap((entry) => this.#stationsOf(entry));
    const now = JSON.stringify(stations);
    if (now === this.#told) return;
    this.#told = now;
    networks.guard(stations).catch(() => {
      // The next change says it again.
      this.#told = '';
    });
  }

  #stationsOf({ id, run }: ContainerEntry): readonly GuardedStation[] {
    if (!run) return [];
    return this.#options.networks.reservationsOf(id).map(({ network, nic, mac, address }) => {
      return { port: run.host.portOf(network) ?? `${id}/${nic}`, mac, address };
    });
  }
}
