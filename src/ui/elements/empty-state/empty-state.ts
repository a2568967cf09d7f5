import { css, html } from 'lit';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { text } from '../../text';
import { icon, iconStyles } from '../icon/icon';

/** What the page shows before there is any machine: one calm button. Fires `launch`. */
export class EmptyState extends StrataElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    css`
      :host {
        display: grid;
        flex: 1;
        place-content: center;
        padding: var(--s4) var(--s2);
        text-align: center;
      }
      .mark {
        width: 96px;
        height: 96px;
        margin: 0 auto var(--s3);
      }
      h2 {
        font-size: var(--t5);
        letter-spacing: -0.01em;
      }
      p {
        max-width: 46ch;
        margin: var(--s2) auto 0;
        color: var(--muted);
        font-size: var(--t3);
      }
      button {
        min-height: 56px;
        margin-top: var(--s4);
        padding: 0 var(--s4);
        border-radius: var(--radius-large);
        font-size: var(--t3);
      }
      .detail {
        margin-top: 12px;
        font-size: var(--t1);
      }
    `,
  ];

  override render() {
    const { firstHeading, firstBody, first, firstDetail } = text.create;
    return html`
      <div>
        ${strataMark}
        <h2>${firstHeading}</h2>
        <p>${firstBody}</p>
        <button class="filled" @click=${() => this.dispatchEvent(new CustomEvent('launch'))}>${icon('start')}${first}</button>
        <p class="detail">${firstDetail}</p>
      </div>
    `;
  }
}

/** Three layers, seen from above and aside. */
const strataMark = html`<svg class="mark" viewBox="0 0 96 96" aria-hidden="true" focusable="false" fill="none" stroke-linejoin="round">
  <path d="M48 52 84 68 48 84 12 68z" fill="var(--accent)" opacity="0.35" />
  <path d="M48 36 84 52 48 68 12 52z" fill="var(--accent)" opacity="0.6" stroke="var(--bg)" stroke-width="2" />
  <path d="M48 20 84 36 48 52 12 36z" fill="var(--accent)" stroke="var(--bg)" stroke-width="2" />
</svg>`;

define('strata-empty-state', EmptyState);
