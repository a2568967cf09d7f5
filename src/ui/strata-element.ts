import { effect } from '@preact/signals-core';
import { LitElement } from 'lit';
import { keepFocus } from './focus-keeper';

/**
 * Base of all elements: renders again when a signal that its last rendering read has changed, and keeps a place for the
 * focus of whoever pressed what is gone then.
 */
export class StrataElement extends LitElement {
  #stopWatching: (() => void) | undefined;

  protected override performUpdate(): void {
    if (!this.isUpdatePending) return;
    this.#stopWatching?.();
    // What was taken away in the meantime would go on to follow its signals.
    if (!this.isConnected) {
      super.performUpdate();
      return;
    }
    const giveOn = keepFocus(this.shadowRoot);
    let rendering = true;
    // The first run renders, and so subscribes to what it reads; later runs only ask for a new rendering.
    this.#stopWatching = effect(() => {
      if (rendering) {
        rendering = false;
        super.performUpdate();
      } else this.requestUpdate();
    });
    giveOn();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }
}

/** Registers an element once; modules may be evaluated again by a development server. */
export function define(tag: string, element: CustomElementConstructor): void {
  if (!customElements.get(tag)) customElements.define(tag, element);
}
