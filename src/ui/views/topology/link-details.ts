import { html, nothing } from 'lit';
import type { DropReason } from '../../../api/network';
import { formatBytes } from '../../../base/bytes';
import { icon } from '../../elements/icon/icon';
import '../../elements/sparkline/sparkline';
import { formatCount } from '../../format';
import type { Store } from '../../store';
import { topologyText } from '../../text/topology';
import type { LinkTraffic } from '../../topology/link-traffic';
import type { NestedNode, TopologyLink } from '../../topology/topology-graph';
import './link-capture';
import { networkText } from '../../text/network';

export interface LinkDetails {
  readonly store: Store;
  readonly link: TopologyLink;
  readonly name: string;
  readonly traffic: LinkTraffic | undefined;
  /** Containers behind it. */
  readonly nested: readonly NestedNode[];
  readonly close: () => void;
}

/** The traffic of one link: its last minute, all that it has carried, what waits and what was dropped, and its frames. */
export function linkDetails({ store, link, name, traffic, nested, close }: LinkDetails) {
  const heading = topologyText.traffic(name);
  return html`<section class="traffic" aria-label=${heading}>
    <header>
      <h3>${heading}</h3>
      <button class="quiet icon" aria-label=${topologyText.closeTraffic} title=${topologyText.closeTraffic} @click=${close}>${icon('close')}</button>
    </header>
    ${traffic ? figures(traffic) : html`<p>${topologyText.noPort}</p>`}
    <strata-link-capture .store=${store} .port=${link.id} .name=${name} .nested=${nested}></strata-link-capture>
  </section>`;
}

function figures({ port, rates }: LinkTraffic) {
  const { counters, queuedFrames, queuedBytes } = port;
  const { sent, received, waiting, drops } = topologyText;
  return html`<dl>
    ${direction(
      sent,
      rates.map((rate) => rate.sent),
      counters.rxFrames,
      counters.rxBytes,
    )}
    ${direction(
      received,
      rates.map((rate) => rate.received),
      counters.txFrames,
      counters.txBytes,
    )}
    <div><dt>${waiting}</dt><dd>${networkText.queue(queuedFrames, formatBytes(queuedBytes))}</dd></div>
    <div><dt>${drops}</dt><dd>${dropWords(counters.drops)}</dd></div>
  </dl>`;
}

function direction(what: string, rates: readonly number[], frames: number, bytes: number) {
  const now = topologyText.rate(formatBytes(rates.at(-1) ?? 0));
  return html`<div>
    <dt>${what}</dt>
    <dd>${now}, ${topologyText.frames(formatCount(frames))}, ${formatBytes(bytes)}</dd>
    ${rates.length < 2 ? nothing : html`<dd><strata-sparkline .values=${rates} .label=${topologyText.chart(what, now)}></strata-sparkline></dd>`}
  </div>`;
}

function dropWords(drops: LinkTraffic['port']['counters']['drops']): string {
  const { reasons, noDrops } = networkText;
  const counted = (Object.keys(reasons) as DropReason[]).filter((reason) => drops[reason] > 0);
  return counted.map((reason) => `${formatCount(drops[reason])} ${reasons[reason]}`).join(', ') || noDrops;
}
