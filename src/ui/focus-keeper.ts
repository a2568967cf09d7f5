import type { LitElement, ReactiveController } from 'lit';

/** Where the focus may be put without being a stop of Tab: headings, and names of rows. */
const place = '[tabindex="-1"]';

/**
 * Whoever has pressed a button that the next update replaces, disables or takes away stays where they were: the focus goes to
 * the place (`tabindex="-1"`) of the row or section that the button was in, or to the first one of the element.
 */
export class FocusKeeper implements ReactiveController {
  readonly #host: LitElement;
  /** The control that had the focus before this update, with the places around it, the nearest first. */
  #before: { readonly control: Element; readonly places: readonly HTMLElement[] } | undefined;

  constructor(host: LitElement) {
    this.#host = host;
  }

  hostUpdate(): void {
    const control = this.#host.shadowRoot?.activeElement;
    this.#before = control ? { control, places: placesAround(control) } : undefined;
  }

  hostUpdated(): void {
    if (!this.#before) return;
    const { control, places } = this.#before;
    // A control that is taken away has lost the focus by now; one that is disabled loses it with the next picture.
    if (control.isConnected && !control.matches(':disabled')) return;
    const kept = places.find(({ isConnected }) => isConnected);
    (kept ?? this.#host.shadowRoot?.querySelector<HTMLElement>(place))?.focus();
  }
}

function placesAround(control: Element): readonly HTMLElement[] {
  return [control.closest('li'), control.closest('section')].flatMap(
    (around) => around?.querySelector<HTMLElement>(place) ?? [],
  );
}
