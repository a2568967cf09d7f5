import { css, html, nothing } from 'lit';
import type { Ownership } from '../../page-lab';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { ownershipText } from '../../text/ownership';
import { icon, iconStyles } from '../icon/icon';

/** What is shown in the place of the lab while another tab has it. */
export class OwnershipElement extends StrataElement {
  static override properties = { ownership: { attribute: false }, taking: { state: true } };
  declare ownership: Ownership | undefined;
  declare private taking: boolean;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    css`
      :host {
        display: grid;
        flex: 1;
        place-content: safe center;
        min-height: 0;
        overflow-y: auto;
        padding: var(--s4) var(--s2);
        text-align: center;
      }
      .sign {
        color: var(--muted);
        font-size: 40px;
      }
      h2 {
        margin-top: var(--s2);
        font-size: var(--t5);
      }
      h2,
      p {
        overflow-wrap: anywhere;
      }
      p {
        max-width: 46ch;
        margin: var(--s2) auto var(--s3);
        color: var(--muted);
        font-size: var(--t3);
      }
      button {
        min-height: 48px;
        padding: 0 var(--s3);
        border-radius: var(--radius-large);
        font-size: var(--t2);
        line-height: 1.2;
        white-space: normal;
      }
    `,
  ];

  constructor() {
    super();
    this.ownership = undefined;
    this.taking = false;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    // Whatever came of it has changed the ownership.
    if (changed.has('ownership')) this.taking = false;
  }

  override render() {
    const { ownership } = this;
    if (!ownership || ownership.state === 'owner') return nothing;
    const { takeOver, state } = ownership;
    const words = ownershipText;
    return html`<div>
      <span class="sign">${icon('layers')}</span>
      <h2>${words[`${state}Heading`]}</h2>
      <p>${words[`${state}Body`]}</p>
      ${
        takeOver
          ? html`<button class="filled" ?disabled=${this.taking} @click=${() => this.#take(takeOver)}>
              ${this.taking ? icon('busy') : nothing}${this.taking ? words.taking : words.takeOver}
            </button>`
          : nothing
      }
    </div>`;
  }

  #take(takeOver: () => void): void {
    this.taking = true;
    takeOver();
  }
}

define('strata-ownership', OwnershipElement);
