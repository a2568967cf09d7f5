import type { PortStatus } from '../../api/network';
import { seriesLength } from '../series';

/** What passes a link, from the node to the network and back. Bytes a second. */
export interface LinkRate {
  readonly sent: number;
  readonly received: number;
}

/** A link's past minute, oldest first, with the counters that the next rate is taken from. */
export interface LinkTraffic {
  readonly rates: readonly LinkRate[];
  readonly port: PortStatus;
  /** Of its counters, milliseconds. */
  readonly at: number;
}

/** The traffic of all ports with one more reading; ports that are gone are forgotten. */
export function extendTraffic(
  before: ReadonlyMap<string, LinkTraffic>,
  ports: readonly PortStatus[],
  at: number,
): ReadonlyMap<string, LinkTraffic> {
  return new Map(
    ports.map((port) => {
      const last = before.get(port.id);
      const rates = last ? [...last.rates, rateBetween(last, port, at)].slice(-seriesLength) : [];
      return [port.id, { rates, port, at }];
    }),
  );
}

/** How thick a link is drawn: from 1.5 when nothing passes to 6 at 10 MB/s, each tenfold by the same step. */
export function linkWidth({ sent, received }: LinkRate): number {
  const bytes = sent + received;
  if (bytes < 1) return 1.5;
  return Math.round(10 * (1.5 + (4.5 * Math.min(7, Math.log10(bytes))) / 7)) / 10;
}

/** Whether anything passes that is worth a figure. */
export function isBusy({ sent, received }: LinkRate): boolean {
  return sent + received >= 1;
}

/** Counters begin anew with a switch that was restarted: then there is no rate. */
function rateBetween({ port: before, at: from }: LinkTraffic, { counters }: PortStatus, at: number): LinkRate {
  const perSecond = (then: number, now: number): number =>
    at <= from || now < then ? 0 : ((now - then) * 1000) / (at - from);
  return {
    sent: perSecond(before.counters.rxBytes, counters.rxBytes),
    received: perSecond(before.counters.txBytes, counters.txBytes),
  };
}
