import { css, html, nothing, svg } from 'lit';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { statText } from '../../text/stats';
import { chartFigures, chartPath, chartSize, niceCeiling } from './chart-path';

/** A figure over time, one value a second, with its numbers beside it. */
export class Chart extends StrataElement {
  static override properties = {
    heading: { attribute: false },
    values: { attribute: false },
    slots: { attribute: false },
    max: { attribute: false },
    format: { attribute: false },
  };
  declare heading: string;
  /** Oldest first. */
  declare values: readonly number[];
  /** Seconds that the chart has room for. */
  declare slots: number;
  /** Value at the upper edge; above the largest shown when absent. */
  declare max: number | undefined;
  declare format: (value: number) => string;

  static override styles = [
    baseStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 132px;
        gap: var(--s1) var(--s2);
        padding: 12px var(--s2);
      }
      h3 {
        grid-column: 1 / -1;
        font-size: var(--t2);
      }
      figure {
        position: relative;
        margin: 0;
      }
      svg {
        display: block;
        width: 100%;
        height: 120px;
      }
      .grid {
        stroke: var(--line);
        vector-effect: non-scaling-stroke;
      }
      .line {
        fill: none;
        stroke: var(--accent);
        stroke-width: 1.5;
        vector-effect: non-scaling-stroke;
      }
      .area {
        fill: var(--accent);
        opacity: 0.14;
      }
      .axis {
        display: flex;
        justify-content: space-between;
        color: var(--muted);
        font-size: var(--t0);
        font-variant-numeric: tabular-nums;
      }
      .top {
        margin-bottom: 2px;
      }
      dl {
        display: grid;
        align-content: center;
        gap: 2px;
      }
      dt {
        color: var(--muted);
        font-size: var(--t0);
      }
      dd {
        margin-bottom: var(--s0);
        font-size: var(--t2);
        font-variant-numeric: tabular-nums;
      }
      @media (max-width: 500px) {
        :host {
          grid-template-columns: minmax(0, 1fr);
        }
        dl {
          grid-template-columns: repeat(3, 1fr);
          grid-auto-flow: column;
          grid-template-rows: auto auto;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.heading = '';
    this.values = [];
    this.slots = 60;
    this.max = undefined;
    this.format = String;
  }

  override render() {
    const { width, height } = chartSize;
    const shown = this.values.slice(-this.slots);
    const figures = chartFigures(shown);
    const top = this.max ?? niceCeiling(figures?.largest ?? 0);
    const path = chartPath(shown, this.slots, top);
    const now = figures ? this.format(figures.now) : statText.none;
    return html`
      <h3>${this.heading}</h3>
      <figure>
        <div class="axis top"><span>${this.format(top)}</span></div>
        <svg role="img" aria-label=${statText.chart(this.heading, this.slots, now)} viewBox="0 0 ${width} ${height}" preserveAspectRatio="none">
          ${[0, 0.5, 1].map((share) => svg`<path class="grid" d="M0 ${share * height}H${width}" />`)}
          ${path === '' ? nothing : svg`<path class="area" d="${path}V${height}H${startOf(path)}z" /><path class="line" d=${path} />`}
        </svg>
        <div class="axis"><span>${statText.ago(this.slots)}</span><span>${statText.now}</span></div>
      </figure>
      <dl>
        <dt>${statText.now}</dt>
        <dd>${now}</dd>
        <dt>${statText.mean}</dt>
        <dd>${figures ? this.format(figures.mean) : statText.none}</dd>
        <dt>${statText.largest}</dt>
        <dd>${figures ? this.format(figures.largest) : statText.none}</dd>
      </dl>
    `;
  }
}

/** The first x of a path. */
function startOf(path: string): string {
  return path.slice(1, path.indexOf(' '));
}

define('strata-chart', Chart);
