import { embedLab, type LabViewName, notThere } from './embed-lab';
import { type EmbeddedLab, LabError } from './embedded-lab';

/** When it is said that a lab takes long to come, milliseconds. */
const lateMs = 8000;

/**
 * `<strata-lab scenario="lab.yaml" view="terminal">`: a lab in the page. Attributes: `scenario` (address of a scenario, as seen
 * from the page; or the text in a `<script type="text/yaml">` inside), `view`, `lesson`, `autorun`, `base`, `title`. It is
 * fetched when it comes near the window. Fires `strata-ready` with the {@link EmbeddedLab} as its detail, and `strata-checks`
 * with the checks of its lesson; `strata-error` with what went wrong.
 */
export class StrataLab extends HTMLElement {
  /** The lab, once it is connected. */
  lab: EmbeddedLab | undefined;
  #seen: IntersectionObserver | undefined;
  #attempt: AbortController | undefined;

  connectedCallback(): void {
    // Inline styles of an element that the page can override by its own.
    if (getComputedStyle(this).display === 'inline') this.style.display = 'block';
    if (this.clientHeight === 0) this.style.height = '420px';
    this.#seen = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) return;
        this.#seen?.disconnect();
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
        ...(view !== undefined && { view: view as LabViewName }),
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
    const response = await fetch(new URL(address, document.baseURI), { signal });
    if (!response.ok) throw new LabError('NotFound', `${address}: the server answered ${response.status}`);
    return response.text();
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
