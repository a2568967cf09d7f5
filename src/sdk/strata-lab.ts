import { embedLab, notThere } from './embed-lab';
import { type EmbeddedLab, LabError } from './embedded-lab';

/** When it is said that a lab takes long to come, milliseconds. */
const lateMs = 8000;

/**
 * `<strata-lab scenario="lab.yaml" view="terminal">`: a lab in the page. Attributes: `scenario` (address of a scenario, as seen
 * from the page; or the text in a `<script type="text/yaml">` inside), `view`, `lesson`, `autorun`, `base`, `title`. It is
 * fetched when it comes near the window, with the attributes that it has then. Fires `strata-ready` with the {@link EmbeddedLab} as its detail, and `strata-checks`
 * with the checks of its lesson; `strata-error` with what went wrong.
 */
export class StrataLab extends HTMLElement {
  static readonly observedAttributes = ['scenario', 'view', 'lesson', 'autorun', 'base'];
  /** The lab, once it is connected. */
  lab: EmbeddedLab | undefined;
  #seen: IntersectionObserver | undefined;
  #attempt: AbortController | undefined;
  /** Of its shadow: whatever the page itself says of the element goes before that. */
  readonly #look = new CSSStyleSheet();

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: 'open' });
    shadow.append(document.createElement('slot'));
    shadow.adoptedStyleSheets = [this.#look];
    this.#look.insertRule(':host(:not([hidden])){display:block}');
  }

  connectedCallback(): void {
    this.#fill();
    this.#seen = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) return;
        this.#seen?.disconnect();
        this.#fill();
        void this.#open();
      },
      { rootMargin: '200px' },
    );
    this.#seen.observe(this);
  }

  disconnectedCallback(): void {
    this.#seen?.disconnect();
    this.#attempt?.abort();
    this.lab?.close();
    this.lab = undefined;
    this.replaceChildren(...this.querySelectorAll('script'));
  }

  attributeChangedCallback(name: string): void {
    if (this.#attempt)
      console.warn(`<strata-lab> has its lab already: for another ${name}, put another element in its place`);
  }

  /** Has a height where the page gives it none; what is not shown, as in a tab that is not open, cannot tell yet. */
  #fill(): void {
    if (this.getClientRects().length > 0 && this.clientHeight === 0) this.#look.insertRule(':host{height:420px}');
  }

  async #open(): Promise<void> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    let late: HTMLElement | undefined;
    const timer = setTimeout(() => {
      const frame = this.querySelector('iframe');
      if (frame) late = this.#say(`${notThere(frame.src)} Still waiting …`);
    }, lateMs);
    try {
      const scenario = await this.#scenario(attempt.signal);
      const [base, view, lesson] = ['base', 'view', 'lesson'].map((name) => this.getAttribute(name) ?? undefined);
      const lab = await embedLab(this, {
        ...(base !== undefined && { base: new URL(base, document.baseURI) }),
        ...(view !== undefined && { view }),
        ...(lesson !== undefined && { lesson }),
        ...(scenario !== undefined && { scenario }),
        ...(this.title !== '' && { title: this.title }),
        autorun: this.hasAttribute('autorun'),
        signal: attempt.signal,
      });
      if (attempt.signal.aborted) return lab.close();
      this.lab = lab;
      lab.on('checks', (checks) => this.#fire('strata-checks', checks));
      this.#fire('strata-ready', lab);
    } catch (error) {
      if (attempt.signal.aborted) return;
      this.#say(error instanceof Error ? error.message : String(error));
      this.#fire('strata-error', error);
    } finally {
      clearTimeout(timer);
      late?.remove();
    }
  }

  async #scenario(signal: AbortSignal): Promise<string | undefined> {
    const inside = this.querySelector('script[type="text/yaml"]')?.textContent;
    if (inside) return inside;
    const address = this.getAttribute('scenario');
    if (address === null) return undefined;
    const failed = (): never => {
      throw new LabError(
        'Unavailable',
        `The scenario ${address} cannot be fetched: is the address right, is it served, and may this page ask for it (CORS; http from https)?`,
      );
    };
    const response = await fetch(address, { signal }).catch(failed);
    if (!response.ok) throw new LabError('NotFound', `${address}: the server answered ${response.status}`);
    return response.text().catch(failed);
  }

  #say(message: string): HTMLElement {
    const note = document.createElement('p');
    note.setAttribute('role', 'alert');
    note.textContent = message;
    // The frame has all of the height.
    this.prepend(note);
    return note;
  }

  #fire(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}
