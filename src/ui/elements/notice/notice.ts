import { css, html, nothing } from 'lit';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { icon, iconStyles } from '../icon/icon';

/** A standing fact across the page that a person should know. */
export class Notice extends StrataElement {
  static override properties = {
    label: { attribute: false },
    message: { attribute: false },
    reason: { attribute: false },
    action: { attribute: false },
  };
  /** Names the region. */
  declare label: string;
  declare message: string;
  declare reason: string | undefined;
  /** Words of a button, which fires `act`; none without. */
  declare action: string | undefined;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    css`
      p {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s1);
        padding: var(--s1) var(--s2);
        border-bottom: 1px solid var(--line);
        background: var(--warn-bg);
        font-size: var(--t1);
      }
      span {
        flex: 1 1 20ch;
      }
      .icon {
        color: var(--warn);
      }
    `,
  ];

  constructor() {
    super();
    this.label = '';
    this.message = '';
    this.reason = undefined;
    this.action = undefined;
  }

  override render() {
    return html`<p role="region" aria-label=${this.label} title=${this.reason ?? nothing}>${icon('failed')}<span>${this.message}</span>${
      this.action === undefined
        ? nothing
        : html`<button @click=${() => this.dispatchEvent(new CustomEvent('act'))}>${this.action}</button>`
    }</p>`;
  }
}

define('strata-notice', Notice);
