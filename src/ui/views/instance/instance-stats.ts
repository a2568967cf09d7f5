import { css, html, nothing } from 'lit';
import { formatBytes } from '../../../base/bytes';
import type { InstanceRecord } from '../../../engine/instance-record';
import '../../elements/chart/chart';
import { formatMemory, formatShare } from '../../format';
import type { StatPoint } from '../../series';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { statText } from '../../text/stats';

const mebibyte = 1024 * 1024;

type Span = keyof typeof statText.spans;

/** What an instance uses, over one minute or ten. */
export class InstanceStats extends StrataElement {
  static override properties = { store: { attribute: false }, record: { attribute: false }, span: { state: true } };
  declare store: Store | undefined;
  declare record: InstanceRecord | undefined;
  declare private span: Span;

  static override styles = [
    baseStyles,
    buttonStyles,
    viewStyles,
    css`
      .span {
        display: flex;
        gap: var(--s0);
        margin-bottom: var(--s2);
      }
      .charts {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr));
        gap: var(--s2);
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.record = undefined;
    this.span = 60;
  }

  override render() {
    const { store, record } = this;
    if (!store || !record) return nothing;
    const history = store.series.value.get(record.id)?.history ?? [];
    if (history.length === 0) return html`<p class="none">${statText.off}</p>`;
    const rate = (bytes: number): string => text.table.rate(formatBytes(bytes));
    return html`
      <div class="span" role="toolbar" aria-label=${statText.span}>
        ${([60, 600] as const).map(
          (span) =>
            html`<button aria-pressed=${span === this.span} @click=${() => this.#show(span)}>${statText.spans[span]}</button>`,
        )}
      </div>
      <div class="charts">
        ${this.#chart(statText.cpu, history, ({ cpu }) => cpu, formatShare, 1)}
        ${this.#chart(statText.memory, history, ({ memory }) => memory, formatMemory, record.spec.memoryMiB * mebibyte)}
        ${this.#chart(statText.received, history, ({ received }) => received, rate)}
        ${this.#chart(statText.sent, history, ({ sent }) => sent, rate)}
      </div>
    `;
  }

  #chart(
    heading: string,
    history: readonly StatPoint[],
    pick: (point: StatPoint) => number,
    format: (value: number) => string,
    max?: number,
  ) {
    return html`<strata-chart class="panel" .heading=${heading} .values=${history.map(pick)} .slots=${this.span} .max=${max} .format=${format}></strata-chart>`;
  }

  #show(span: Span): void {
    this.span = span;
  }
}

define('strata-instance-stats', InstanceStats);
