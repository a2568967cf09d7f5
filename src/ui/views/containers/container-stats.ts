import { css, html, nothing } from 'lit';
import { formatBytes } from '../../../base/bytes';
import type { ContainerSeries } from '../../containers/container-shelf';
import '../../elements/sparkline/sparkline';
import { formatShare } from '../../format';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { containerText } from '../../text/containers';
import { containerStyles } from './container-styles';

/** What a container uses: numbers, with the last minute of those that move. */
export class ContainerStatsView extends StrataElement {
  static override properties = { series: { attribute: false }, running: { attribute: false } };
  declare series: ContainerSeries | undefined;
  declare running: boolean;

  static override styles = [
    baseStyles,
    containerStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(220px, 1fr));
        gap: var(--s2);
        padding: var(--s3);
      }
      div {
        display: grid;
        gap: var(--s0);
        align-content: start;
        padding: var(--s2);
        border: 1px solid var(--line);
        border-radius: var(--radius-large);
        background: var(--surface);
      }
      dt {
        color: var(--muted);
        font-size: var(--t1);
      }
      dd {
        font-size: var(--t3);
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  constructor() {
    super();
    this.series = undefined;
    this.running = false;
  }

  override render() {
    const { series } = this;
    const { stats: words } = containerText;
    if (!this.running) return html`<p class="note">${containerText.onlyRunning}</p>`;
    if (!series) return html`<p class="note" role="status">${words.fresh}</p>`;
    const { now, cpu, memory } = series;
    const used = words.of(now.memoryBytes, now.memoryLimitBytes);
    return html`<dl>
      ${this.#figure(words.cpu, formatShare(now.cpu), cpu, 1)}
      ${this.#figure(words.memory, used, memory, now.memoryLimitBytes)}
      ${this.#figure(words.pids, `${now.pids}`)}
      ${this.#figure(words.received, formatBytes(now.receivedBytes))}
      ${this.#figure(words.sent, formatBytes(now.sentBytes))}
      ${this.#figure(words.read, formatBytes(now.readBytes))}
      ${this.#figure(words.written, formatBytes(now.writtenBytes))}
      ${now.throttledPeriods > 0 ? this.#figure(words.throttled, words.times(now.throttledPeriods)) : nothing}
    </dl>`;
  }

  #figure(what: string, value: string, points?: readonly number[], top?: number) {
    return html`<div>
      <dt>${what}</dt>
      <dd>${value}</dd>
      ${points ? html`<dd><strata-sparkline .values=${points} .max=${top} .label=${containerText.stats.chart(what, value)}></strata-sparkline></dd>` : nothing}
    </div>`;
  }
}

define('strata-container-stats', ContainerStatsView);
