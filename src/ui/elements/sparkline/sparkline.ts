import { css, html, svg } from 'lit';
import { seriesLength } from '../../series';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';

const width = 120;
const height = 32;

/** A minute of a figure as a line; the newest is at the right. What it shows is said by `label`. */
export class Sparkline extends StrataElement {
  static override properties = { values: { attribute: false }, max: { attribute: false }, label: { attribute: false } };
  declare values: readonly number[];
  /** Value at the upper edge; the largest shown when absent. */
  declare max: number | undefined;
  declare label: string;

  static override styles = [
    baseStyles,
    css`
      :host {
        height: 32px;
      }
      svg {
        display: block;
        width: 100%;
        height: 100%;
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
      .floor {
        stroke: var(--line);
        vector-effect: non-scaling-stroke;
      }
    `,
  ];

  constructor() {
    super();
    this.values = [];
    this.max = undefined;
    this.label = '';
  }

  override render() {
    const line = sparkPath(this.values, this.max);
    return html`<svg role="img" aria-label=${this.label} viewBox="0 0 ${width} ${height}" preserveAspectRatio="none">
      <path class="floor" d="M0 ${height - 0.5}H${width}" />
      ${line === '' ? '' : svg`<path class="area" d="${line}V${height}H${startOf(this.values)}z" /><path class="line" d=${line} />`}
    </svg>`;
  }
}

/** The line as an SVG path, empty for less than two values. */
export function sparkPath(values: readonly number[], max?: number): string {
  if (values.length < 2) return '';
  const top = Math.max(max ?? 0, ...values) || 1;
  const first = startOf(values);
  const points = values.map((value, index) => {
    const x = first + (index * width) / (seriesLength - 1);
    return `${round(x)} ${round(height - 1.5 - (value / top) * (height - 3))}`;
  });
  return `M${points.join('L')}`;
}

function startOf(values: readonly number[]): number {
  return round(width - ((values.length - 1) * width) / (seriesLength - 1));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

define('strata-sparkline', Sparkline);
