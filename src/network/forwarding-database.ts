/** Stations of one network that are known at once (RELIABILITY: the table is bounded). */
export const maxStations = 4096;

/** A station that has been silent for so long is forgotten (IEEE 802.1D, 7.9.2: the recommended value). */
export const ageingMs = 300_000;

interface Station<P> {
  readonly mac: number;
  list: StationList<P>;
  /** The clock when it was last heard, milliseconds. */
  seen: number;
  /** Neighbours in its list: the one heard before it, and after. */
  older: Station<P> | undefined;
  newer: Station<P> | undefined;
}

/**
 * Which station is behind which port of a network (IEEE 802.1D, 7.8 and 7.9). Addresses are whole numbers of 48
 * bits. When it is full, the port with the most stations loses the one it heard least recently: a port that makes
 * addresses up pushes out its own, and not those of its neighbours.
 */
export class ForwardingDatabase<P> {
  readonly #stations = new Map<number, Station<P>>();
  readonly #lists = new Map<P, StationList<P>>();
  /** What the last calls found; frames come in runs. */
  #lastHeard: Station<P> | undefined;
  #lastFound: Station<P> | undefined;

  get size(): number {
    return this.#stations.size;
  }

  /** The station was heard at the port; it has moved there if it was elsewhere. */
  learn(mac: number, port: P, now: number): void {
    const last = this.#lastHeard;
    const known = last && last.mac === mac ? last : this.#stations.get(mac);
    if (!known) {
      this.#add(mac, port, now);
      return;
    }
    this.#lastHeard = known;
    if (known.seen === now && known.list.port === port) return;
    known.list.remove(known);
    known.list = this.#listOf(port);
    known.seen = now;
    known.list.append(known);
  }

  /** The port behind which the station is, if it was heard lately. */
  find(mac: number, now: number): P | undefined {
    const last = this.#lastFound;
    const station = last && last.mac === mac ? last : this.#stations.get(mac);
    if (!station) return undefined;
    if (now - station.seen > ageingMs) {
      this.#remove(station);
      return undefined;
    }
    this.#lastFound = station;
    return station.list.port;
  }

  /** Forgets all stations behind a port. */
  forgetPort(port: P): void {
    const list = this.#lists.get(port);
    while (list?.oldest) this.#remove(list.oldest);
    this.#lists.delete(port);
  }

  /** All stations heard lately, with milliseconds since then. */
  list(now: number): { readonly mac: number; readonly port: P; readonly ageMs: number }[] {
    this.#age(now);
    return [...this.#stations.values()].map(({ mac, list, seen }) => ({ mac, port: list.port, ageMs: now - seen }));
  }

  #add(mac: number, port: P, now: number): void {
    if (this.#stations.size >= maxStations) this.#makeRoom(now);
    const list = this.#listOf(port);
    const station = { mac, list, seen: now, older: undefined, newer: undefined };
    this.#stations.set(mac, station);
    list.append(station);
    this.#lastHeard = station;
  }

  #makeRoom(now: number): void {
    this.#age(now);
    if (this.#stations.size < maxStations) return;
    let largest: StationList<P> | undefined;
    for (const list of this.#lists.values()) if (!largest || list.size > largest.size) largest = list;
    if (largest?.oldest) this.#remove(largest.oldest);
  }

  #age(now: number): void {
    for (const list of this.#lists.values()) {
      while (list.oldest && now - list.oldest.seen > ageingMs) this.#remove(list.oldest);
    }
  }

  #remove(station: Station<P>): void {
    this.#stations.delete(station.mac);
    station.list.remove(station);
    if (this.#lastHeard === station) this.#lastHeard = undefined;
    if (this.#lastFound === station) this.#lastFound = undefined;
  }

  #listOf(port: P): StationList<P> {
    let list = this.#lists.get(port);
    if (!list) {
      list = new StationList(port);
      this.#lists.set(port, list);
    }
    return list;
  }
}

/** The stations of one port in the order in which they were last heard: linked, so that moving one costs nothing. */
class StationList<P> {
  readonly port: P;
  oldest: Station<P> | undefined;
  size = 0;
  #newest: Station<P> | undefined;

  constructor(port: P) {
    this.port = port;
  }

  append(station: Station<P>): void {
    station.older = this.#newest;
    station.newer = undefined;
    if (this.#newest) this.#newest.newer = station;
    else this.oldest = station;
    this.#newest = station;
    this.size += 1;
  }

  remove(station: Station<P>): void {
    if (station.older) station.older.newer = station.newer;
    else this.oldest = station.newer;
    if (station.newer) station.newer.older = station.older;
    else this.#newest = station.older;
    this.size -= 1;
  }
}
