import { css, html } from 'lit';
import type { Place } from '../../route';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { lectureText } from '../../text/lecture';

/** The terms whose role a place plays, each with how it does. */
export class LectureTerms extends StrataElement {
  static override properties = { place: { attribute: false } };
  declare place: Place;

  static override styles = [
    baseStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: fit-content(40%) minmax(0, 1fr);
        gap: 4px 12px;
        padding: var(--s1) var(--s3);
        border-bottom: 1px solid var(--line);
        background: var(--surface);
        font-size: var(--t1);
      }
      dt,
      dd {
        overflow-wrap: anywhere;
      }
      dt {
        font-weight: 600;
      }
      dd {
        max-width: 90ch;
        color: var(--muted);
      }
    `,
  ];

  constructor() {
    super();
    this.place = 'overview';
  }

  override render() {
    return html`<aside aria-label=${lectureText.label}>
      <dl>${lectureText.terms[this.place].map(({ term, role }) => html`<dt>${term}</dt><dd>${role}</dd>`)}</dl>
    </aside>`;
  }
}

define('strata-lecture-terms', LectureTerms);
