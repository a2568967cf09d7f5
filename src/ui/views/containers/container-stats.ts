import { css, html, nothing } from 'lit';
import { formatBytes } from '../../../base/bytes';
import type { ContainerPoint, ContainerSeries } from '../../containers/container-series';
import '../../elements/chart/chart';
import { formatShare } from '../../format';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { containerText } from '../../text/containers';
import { statText } from '../../text/stats';
import { containerStyles } from './container-styles';

type Span = keyof typeof statText.spans;

/** What a container uses: charts over one minute or ten of what moves, and the numbers beside. */
export class ContainerStatsView extends StrataElement {
  static override properties = {
    series: { attribute: false },
    state: { attribute: false },
    span: { state: true },
  };
  declare series: ContainerSeries | undefined;
  /** As docker calls it. */
  declare state: string;
  declare private span: Span;

  static override styles = [
    baseStyles,
    buttonStyles,
    viewStyles,
    containerStyles,
    css`
      .span {
        display: flex;
        gap: var(--s0);
        padding: var(--s3) var(--s3) 0;
      }
      .charts {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr));
        gap: var(--s2);
        padding: var(--s2) var(--s3) 0;
      }
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(220px, 1fr));
        gap: var(--s2);
        padding: var(--s3);
      }
      dl div {
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
    this.state = '';
    this.span = 60;
  }

  override render() {
    const { series } = this;
    const { stats: words } = containerText;
    if (this.state !== 'running') return html`<p class="note">${containerText.onlyRunning(this.state)}</p>`;
    if (!series) return html`<p class="note" role="status">${words.fresh}</p>`;
    const { now, history } = series;
    const rate = (bytes: number): string => text.table.rate(formatBytes(bytes));
    const memory = (bytes: number): string => words.of(bytes, now.memoryLimitBytes);
    return html`
      <div class="span" role="toolbar" aria-label=${statText.span}>
        ${([60, 600] as const).map(
          (span) =>
            html`<button aria-pressed=${span === this.span} @click=${() => this.#show(span)}>${statText.spans[span]}</button>`,
        )}
      </div>
      <div class="charts">
        ${this.#chart(words.cpu, history, ({ cpu }) => cpu, formatShare, 1)}
        ${this.#chart(words.memory, history, (point) => point.memory, memory, now.memoryLimitBytes)}
        ${this.#chart(words.received, history, ({ received }) => received, rate)}
        ${this.#chart(words.sent, history, ({ sent }) => sent, rate)}
      </div>
      <dl>
        ${this.#figure(words.pids, `${now.pids}`)}
        ${this.#figure(words.receivedInAll, formatBytes(now.receivedBytes))}
        ${this.#figure(words.sentInAll, formatBytes(now.sentBytes))}
        ${this.#figure(words.read, formatBytes(now.readBytes))}
        ${this.#figure(words.written, formatBytes(now.writtenBytes))}
        ${now.throttledPeriods > 0 ? this.#figure(words.throttled, words.times(now.throttledPeriods)) : nothing}
      </dl>
    `;
  }

  #chart(
    heading: string,
    history: readonly ContainerPoint[],
    pick: (point: ContainerPoint) => number,
    format: (value: number) => string,
    max?: number,
  ) {
    return html`<strata-chart class="panel" .heading=${heading} .values=${history.map(pick)} .slots=${this.span} .max=${max} .format=${format}></strata-chart>`;
  }

  #figure(what: string, value: string) {
    return html`<div>
      <dt>${what}</dt>
      <dd>${value}</dd>
    </div>`;
  }

  #show(span: Span): void {
    this.span = span;
  }
}

define('strata-container-stats', ContainerStatsView);
