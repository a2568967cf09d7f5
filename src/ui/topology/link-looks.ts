import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals-core';
import type { LayoutPoint } from '../../api/layout';
import { isBusy, type LinkRate, type LinkTraffic } from './link-traffic';
import { placeRates } from './rate-places';
import type { TopologyGraph } from './topology-graph';
import type { TopologyPlaces } from './topology-layout';

/** What is seen of a link's traffic. */
export interface LinkLook {
  readonly up: boolean;
  readonly rate: LinkRate;
  /** Where its rates are written; without one its width, the table and its own panel tell. */
  readonly at: LayoutPoint | undefined;
}

const idle: LinkLook = { up: false, rate: { sent: 0, received: 0 }, at: undefined };

/** The looks of all links, each by itself: a reading of the counters changes those whose figures it changes. */
export class LinkLooks {
  readonly #looks = new Map<string, Signal<LinkLook>>();
  #rated: { readonly places: TopologyPlaces; readonly at: ReadonlyMap<string, LayoutPoint> } | undefined;

  of(link: string): ReadonlySignal<LinkLook> {
    return this.#look(link);
  }

  show({ links }: TopologyGraph, places: TopologyPlaces, traffic: ReadonlyMap<string, LinkTraffic>): void {
    const rate = (link: string): LinkRate => traffic.get(link)?.rates.at(-1) ?? idle.rate;
    const rated = this.#placeRates(places);
    const gone = new Set(this.#looks.keys());
    batch(() => {
      for (const { id } of links) {
        gone.delete(id);
        const look = this.#look(id);
        const next = {
          up: traffic.get(id)?.port.up ?? false,
          rate: rate(id),
          at: isBusy(rate(id)) ? rated.get(id) : undefined,
        };
        if (!isSame(look.peek(), next)) look.value = next;
      }
    });
    for (const id of gone) this.#looks.delete(id);
  }

  #look(link: string): Signal<LinkLook> {
    const look = this.#looks.get(link) ?? signal(idle);
    this.#looks.set(link, look);
    return look;
  }

  /** Of all cables, busy or not: anew only where something was moved. */
  #placeRates(places: TopologyPlaces): ReadonlyMap<string, LayoutPoint> {
    if (this.#rated?.places !== places)
      this.#rated = { places, at: placeRates(places.cables, places.nodes.values(), places.width) };
    return this.#rated.at;
  }
}

function isSame(a: LinkLook, b: LinkLook): boolean {
  return (
    a.up === b.up &&
    a.rate.sent === b.rate.sent &&
    a.rate.received === b.rate.received &&
    a.at?.x === b.at?.x &&
    a.at?.y === b.at?.y
  );
}
