import type { LitElement, ReactiveController } from 'lit';

/**
 * Brings the entry of what is shown (`aria-current`) into sight, in a row of entries that may be longer than the page is wide:
 * when another becomes it, and when the page becomes narrow, as a phone that is turned. Whoever scrolls the row is left where
 * they are.
 */
export class ShownEntry implements ReactiveController {
  readonly #host: LitElement;
  readonly #narrow = matchMedia('(max-width: 720px)');
  /** The one that was last brought into sight. */
  #entry: Element | null | undefined;

  constructor(host: LitElement) {
    this.#host = host;
  }

  hostConnected(): void {
    this.#narrow.addEventListener('change', this.#show);
  }

  hostDisconnected(): void {
    this.#narrow.removeEventListener('change', this.#show);
  }

  hostUpdated(): void {
    if (this.#current !== this.#entry) this.#show();
    this.#entry = this.#current;
  }

  get #current(): Element | null | undefined {
    return this.#host.shadowRoot?.querySelector('nav [aria-current]');
  }

  readonly #show = (): void => {
    this.#current?.scrollIntoView({ inline: 'nearest', block: 'nearest' });
  };
}
