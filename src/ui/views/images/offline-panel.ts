import { css, html, nothing } from 'lit';
import { icon, iconStyles } from '../../elements/icon/icon';
import type { OfflineOffer } from '../../images/offline-offers';
import type { OfflineShelf } from '../../images/offline-shelf';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, viewStyles } from '../../styles/base';
import { offlineText } from '../../text/offline';

/** What the registry of the page has, with its size: what is kept for when there is no network, and what can be. */
export class OfflinePanel extends StrataElement {
  static override properties = { shelf: { attribute: false } };
  declare shelf: OfflineShelf | undefined;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    viewStyles,
    css`
      :host {
        padding: 0;
        overflow: visible;
      }
      header {
        padding: 12px var(--s2);
        border-bottom: 1px solid var(--line);
      }
      header p {
        margin-top: 4px;
        color: var(--muted);
        font-size: var(--t1);
      }
      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px var(--s2);
        padding: var(--s1) var(--s2);
      }
      li + li {
        border-top: 1px solid var(--line);
      }
      .what {
        flex: 1 1 240px;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .facts {
        color: var(--muted);
        font-size: var(--t0);
      }
      .kept {
        display: inline-flex;
        align-items: center;
        gap: 4px;
        color: var(--good);
        font-size: var(--t1);
      }
    `,
  ];

  constructor() {
    super();
    this.shelf = undefined;
  }

  override render() {
    const offers = this.shelf?.offers.value ?? [];
    if (offers.length === 0) return nothing;
    return html`<section class="panel" aria-labelledby="heading">
      <header>
        <h3 id="heading" tabindex="-1">${offlineText.heading}</h3>
        <p>${offlineText.lead}</p>
      </header>
      <ul aria-label=${offlineText.list}>
        ${offers.map((offer) => this.#row(offer))}
      </ul>
    </section>`;
  }

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('shelf')) void this.shelf?.look();
  }

  #row(offer: OfflineOffer) {
    const { kind, size, stored } = offer;
    const name = offlineText.name(kind, offer.name);
    return html`<li>
      <div class="what">
        <div tabindex="-1">${name}</div>
        <div class="facts">${offlineText.kinds[kind]}, ${offlineText.size(size, stored)}</div>
      </div>
      ${this.#action(offer, name)}
    </li>`;
  }

  #action(offer: OfflineOffer, name: string) {
    const { shelf } = this;
    if (shelf?.keeping.value.has(offer.name))
      return html`<button disabled>${icon('busy')}${offlineText.keeping}<span class="unseen"> ${name}</span></button>`;
    if (!offer.kept)
      return html`<button aria-label=${offlineText.keepOf(name, offer.size - offer.stored)} @click=${() => shelf?.keep(offer)}>
        ${icon('download')}${offlineText.keep}
      </button>`;
    return html`<span class="kept">${icon('done')}${offlineText.isKept}</span>
      <button class="quiet" aria-label=${offlineText.removeOf(name)} @click=${() => void shelf?.remove(offer)}>
        ${icon('remove')}${offlineText.remove}
      </button>`;
  }
}

define('strata-offline-panel', OfflinePanel);
