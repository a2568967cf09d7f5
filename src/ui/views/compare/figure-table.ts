import { css, html, nothing } from 'lit';
import type { FigureGroup, FigureRow } from '../../compare/figure-groups';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { compareText } from '../../text/compare';

/** Figures side by side: for each its method, and of all that are compared a number with a bar. */
export class FigureTable extends StrataElement {
  static override properties = { label: {}, groups: { attribute: false } };
  declare label: string;
  declare groups: readonly FigureGroup[];

  static override styles = [
    baseStyles,
    css`
      table {
        width: 100%;
        border-collapse: collapse;
        font-size: var(--t1);
      }
      th,
      td {
        padding: 6px 12px;
        font-weight: 400;
        text-align: left;
        vertical-align: top;
      }
      .group {
        padding-top: 14px;
        border-top: 1px solid var(--line);
      }
      .label {
        font-weight: 600;
        font-size: var(--t2);
      }
      .method {
        max-width: 95ch;
        margin-top: 2px;
        color: var(--muted);
        font-size: var(--t0);
      }
      .form {
        width: 7.5em;
        font-weight: 500;
      }
      .bar {
        width: 40%;
        padding-inline: 0;
      }
      .track {
        height: 12px;
        margin-top: 3px;
        border-bottom: 1px solid var(--line);
      }
      .track > div {
        height: 100%;
        min-width: 2px;
        border-radius: 0 3px 3px 0;
        background: var(--accent);
      }
      @media (forced-colors: active) {
        .track > div {
          background: CanvasText;
        }
      }
      .shown {
        font-variant-numeric: tabular-nums;
        font-weight: 600;
      }
      .detail {
        color: var(--muted);
        font-size: var(--t0);
        overflow-wrap: anywhere;
      }
      tbody tr:last-child > * {
        padding-bottom: 14px;
      }
      @media (max-width: 560px) {
        th,
        td {
          padding-inline: var(--s1);
        }
        .form {
          width: 6.2em;
        }
        .bar {
          width: 22%;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.label = '';
    this.groups = [];
  }

  override render() {
    const { columns } = compareText;
    return html`<table aria-label=${this.label}>
      <thead class="unseen">
        <tr>
          <th scope="col">${columns.form}</th>
          <th scope="col">${columns.bar}</th>
          <th scope="col">${columns.value}</th>
        </tr>
      </thead>
      ${this.groups.map(
        (group) => html`<tbody>
          <tr>
            <th class="group" scope="rowgroup" colspan="3">
              <div class="label">${group.label}</div>
              <p class="method">${group.method}</p>
            </th>
          </tr>
          ${group.rows.map((row) => this.#row(row, Math.max(...group.rows.map(({ value }) => value))))}
        </tbody>`,
      )}
    </table>`;
  }

  #row({ label, value, shown, detail }: FigureRow, most: number) {
    const width = most > 0 ? (value / most) * 100 : 0;
    return html`<tr>
      <th class="form" scope="row">${label}</th>
      <td class="bar">
        <div class="track" aria-hidden="true"><div .style=${`width: ${width}%`}></div></div>
      </td>
      <td>
        <div class="shown">${shown}</div>
        ${detail === undefined ? nothing : html`<div class="detail">${detail}</div>`}
      </td>
    </tr>`;
  }
}

define('strata-figure-table', FigureTable);
