import { effect } from '@preact/signals-core';
import { LitElement } from 'lit';

/** The longest that a rendering waits where no picture is drawn: in a tab that is hidden, milliseconds. */
const hiddenMs = 100;

/**
 * Base of all elements: renders again when a signal that its last rendering read has changed. The first rendering is at
 * once, further ones are with the next picture: an action of the lab makes a dozen changes, and each rendering would hold
 * up the next step of it.
 */
export class StrataElement extends LitElement {
  #stopWatching: (() => void) | undefined;

  protected override async scheduleUpdate(): Promise<void> {
    if (this.hasUpdated) await nextPicture();
    super.scheduleUpdate();
  }

  protected override performUpdate(): void {
    if (!this.isUpdatePending) return;
    this.#stopWatching?.();
    let rendering = true;
    // The first run renders, and so subscribes to what it reads; later runs only ask for a new rendering.
    this.#stopWatching = effect(() => {
      if (rendering) {
        rendering = false;
        super.performUpdate();
      } else this.requestUpdate();
    });
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

function nextPicture(): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      cancelAnimationFrame(frame);
      resolve(undefined);
    }, hiddenMs);
    const frame = requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

/** Registers an element once; modules may be evaluated again by a development server. */
export function define(tag: string, element: CustomElementConstructor): void {
  if (!customElements.get(tag)) customElements.define(tag, element);
}
