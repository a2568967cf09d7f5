import type { GuardedStation } from '../api/network';
import { type NetworkOwners, removeOwners, setOwners } from './address-owners';
import { addressesOfStation, type OwnAddresses, type SwitchPort } from './switch-port';

interface Guarded {
  readonly owners: NetworkOwners;
  readonly port: SwitchPort;
  readonly station: GuardedStation;
  readonly own: OwnAddresses;
}

/** Stations behind ports that have others behind them, too: their addresses are their port's, and nobody else's. */
export class GuardedStations {
  #guarded: readonly Guarded[] = [];

  /** In the place of those before. One whose port there is not is left out. Returns those that were not there before. */
  set(
    stations: readonly GuardedStation[],
    find: (port: string) => { readonly port: SwitchPort; readonly owners: NetworkOwners } | undefined,
  ): readonly Pick<Guarded, 'port' | 'station'>[] {
    const before = new Set(this.#guarded.map(({ station }) => textOf(station)));
    for (const each of this.#guarded) release(each);
    this.#guarded = stations.flatMap((station) => {
      const found = find(station.port);
      if (!found) return [];
      const { port, owners } = found;
      const each = { owners, port, station, own: addressesOfStation(station) };
      setOwners(owners, each.own, port);
      return [each];
    });
    return this.#guarded.filter(({ station }) => !before.has(textOf(station)));
  }

  behind(port: SwitchPort): readonly GuardedStation[] {
    return this.#guarded.filter((each) => each.port === port).map(({ station }) => station);
  }

  /** The port goes, and what is behind it. */
  forgetPort(port: SwitchPort): void {
    for (const each of this.#guarded) if (each.port === port) release(each);
    this.#guarded = this.#guarded.filter((each) => each.port !== port);
  }
}

function release({ owners, port, own }: Guarded): void {
  removeOwners(owners, own, port);
}

function textOf({ port, mac, address }: GuardedStation): string {
  return `${port} ${mac} ${address}`;
}
