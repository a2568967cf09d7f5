import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals-core';
import type { LayoutPoint } from '../../api/layout';
import { isBusy, type LinkRate, type LinkTraffic } from './link-traffic';
import { placeRates } from './rate-places';
import { networkNode, type TopologyGraph } from './topology-graph';
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
  #rated:
    | { readonly busy: string; readonly places: TopologyPlaces; readonly at: ReadonlyMap<string, LayoutPoint> }
    | undefined;

  of(link: string): ReadonlySignal<LinkLook> {
    return this.#look(link);
  }

  show({ links }: TopologyGraph, places: TopologyPlaces, traffic: ReadonlyMap<string, LinkTraffic>): void {
    const rate = (link: string): LinkRate => traffic.get(link)?.rates.at(-1) ?? idle.rate;
    const rated = this.#placeRates(
      links.filter(({ id }) => isBusy(rate(id))),
      places,
    );
    const gone = new Set(this.#looks.keys());
    batch(() => {
      for (const { id } of links) {
        gone.delete(id);
        const look = this.#look(id);
        const next = { up: traffic.get(id)?.port.up ?? false, rate: rate(id), at: rated.get(id) };
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

  /** Anew only where others are busy than before, or something was moved. */
  #placeRates(busy: TopologyGraph['links'], places: TopologyPlaces): ReadonlyMap<string, LayoutPoint> {
    const key = busy.map(({ id }) => id).join();
    if (this.#rated?.busy !== key || this.#rated.places !== places) {
      const cables = busy.flatMap(({ id, from: node, network }) => {
        const [from, to] = [places.nodes.get(node), places.nodes.get(networkNode(network))];
        const out = places.outs.get(id);
        return from && to ? [{ id, from, to, ...(out && { out }) }] : [];
      });
      this.#rated = { busy: key, places, at: placeRates(cables, places.nodes.values()) };
    }
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
