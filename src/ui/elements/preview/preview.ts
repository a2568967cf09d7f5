import { css, html, nothing } from 'lit';
import { OpaqueFrame } from '../../previews/opaque-frame';
import { pathFrom, readWhere } from '../../previews/preview-address';
import type { PreviewLink } from '../../previews/preview-links';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles } from '../../styles/base';
import { portText } from '../../text/ports';
import { icon, iconStyles } from '../icon/icon';

/**
 * What a page of a guest may do in its frame. It is of another origin than the page, or of none; it opens no windows
 * and leads nobody away.
 */
const sandbox = 'allow-scripts allow-same-origin allow-forms allow-downloads';

/**
 * A published port, as a browser shows it: an address line, and the page below. Fires `connect` and `new-tab` (with
 * the path) when those are asked for.
 */
export class PreviewElement extends StrataElement {
  static override properties = {
    link: { attribute: false },
    label: { attribute: false },
    start: { attribute: false },
    off: { attribute: false },
    alone: { attribute: false },
    connects: { attribute: false },
    path: { state: true },
  };
  /** Undefined while the way to the port is being opened. */
  declare link: PreviewLink | undefined;
  /** Of the frame, for who does not see it. */
  declare label: string;
  /** The path that is shown first. */
  declare start: string;
  /** Why there is nothing to show. */
  declare off: string | undefined;
  /** It has a tab to itself. */
  declare alone: boolean;
  /** A terminal can be opened that speaks to the port. */
  declare connects: boolean;
  declare private path: string;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    fieldStyles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
      }
      form {
        display: flex;
        flex: none;
        align-items: center;
        gap: var(--s1);
        padding: var(--s1) var(--s2);
        border-bottom: 1px solid var(--line);
      }
      form input {
        flex: 1;
        min-width: 6em;
        font-family: var(--mono);
        font-size: var(--t1);
      }
      .note {
        flex: none;
        padding: var(--s1) var(--s2);
        border-bottom: 1px solid var(--line);
        color: var(--muted);
        font-size: var(--t0);
      }
      .off {
        padding: var(--s3) var(--s2);
        color: var(--muted);
        font-size: var(--t2);
      }
      .place {
        position: relative;
        flex: 1;
        min-height: 0;
        background: #fff;
      }
      .place iframe {
        position: absolute;
        width: 100%;
        height: 100%;
        border: 0;
      }
    `,
  ];

  readonly #frame = document.createElement('iframe');
  #opaque: OpaqueFrame | undefined;
  #shown: PreviewLink | undefined;

  constructor() {
    super();
    this.link = undefined;
    this.label = '';
    this.start = '/';
    this.off = undefined;
    this.alone = false;
    this.connects = true;
    this.path = '/';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('message', this.#hear);
    // A frame that was taken out of the document has lost its page.
    this.#shown = undefined;
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('message', this.#hear);
    this.#opaque?.dispose();
    this.#opaque = undefined;
  }

  override render() {
    const { preview } = portText;
    const { link } = this;
    if (this.off !== undefined) return html`<p class="off">${this.off}</p>`;
    if (!link) return html`<p class="off" role="status">${preview.opening}</p>`;
    return html`
      <form @submit=${this.#submit}>
        <input name="path" aria-label=${preview.address} autocomplete="off" spellcheck="false" .value=${this.path} />
        <button aria-label=${preview.go} title=${preview.go}>${preview.go}</button>
        ${this.#tool('reset', preview.reload, () => this.#go(this.path))}
        ${this.alone ? nothing : this.#more(link)}
      </form>
      ${link.kind === 'opaque' ? html`<p class="note">${preview.noOrigin} ${preview.why(link.reason)}.</p>` : nothing}
      <div class="place"></div>
    `;
  }

  #more(link: PreviewLink) {
    const { preview } = portText;
    const tab = link.kind === 'origin' && window.top === window;
    return html`
      <button class="quiet icon" aria-label=${preview.newTab} title=${tab ? preview.newTab : preview.noTab} ?disabled=${!tab} @click=${() => this.#fire('new-tab')} type="button">
        ${icon('grow')}
      </button>
      ${this.connects ? this.#tool('terminal', preview.connect, () => this.#fire('connect')) : nothing}
    `;
  }

  #tool(name: Parameters<typeof icon>[0], label: string, act: () => void) {
    return html`<button class="quiet icon" type="button" aria-label=${label} title=${label} @click=${act}>${icon(name)}</button>`;
  }

  protected override updated(): void {
    const place = this.renderRoot.querySelector('.place');
    if (!place || !this.link) {
      this.#shown = undefined;
      return;
    }
    this.#frame.title = this.label;
    if (this.#shown === this.link && place.hasChildNodes()) return;
    this.#shown = this.link;
    this.#opaque?.dispose();
    this.#opaque = undefined;
    if (this.link.kind === 'opaque') {
      this.#opaque = new OpaqueFrame({ ...this.link, place, title: this.label, went: (path) => this.#went(path) });
    } else {
      this.#frame.setAttribute('sandbox', sandbox);
      place.replaceChildren(this.#frame);
    }
    this.#go(this.start);
  }

  #go(path: string): void {
    const { link } = this;
    if (!link) return;
    this.path = path;
    if (link.kind === 'opaque') this.#opaque?.go(path);
    else this.#frame.src = `${link.origin}${path}`;
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const field = this.renderRoot.querySelector('input');
    this.#go(pathFrom(field?.value ?? '/'));
  };

  readonly #hear = ({ source, origin, data }: MessageEvent<unknown>): void => {
    const { link } = this;
    if (link?.kind !== 'origin' || source !== this.#frame.contentWindow || origin !== link.origin) return;
    const where = readWhere(data);
    if (where) this.#went(where.path);
  };

  #went(path: string): void {
    this.path = path;
    this.dispatchEvent(new CustomEvent('went', { detail: path }));
  }

  #fire(type: 'connect' | 'new-tab'): void {
    this.dispatchEvent(new CustomEvent(type, { detail: this.path }));
  }
}

define('strata-preview', PreviewElement);
