import { css, html, nothing } from 'lit';
import '../../elements/preview/preview';
import type { PreviewLink } from '../../previews/preview-links';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { portText } from '../../text/ports';
import { openPreviewTab } from './open-preview-tab';

/**
 * What a station serves on one of its published ports. Fires `connect` when a terminal is asked for that speaks to the
 * port.
 */
export class PortPreview extends StrataElement {
  static override properties = {
    store: { attribute: false },
    station: { attribute: false },
    name: { attribute: false },
    port: { attribute: false },
    off: { attribute: false },
    connects: { attribute: false },
    link: { state: true },
  };
  declare store: Store | undefined;
  /** As previews go by: the id of an instance, or the short one of a container. */
  declare station: string;
  /** Of the station, for people. */
  declare name: string;
  declare port: number;
  /** Why there is nothing to show: the station does not run. The way to the port is opened once it does. */
  declare off: string | undefined;
  /** A terminal can be opened that speaks to the port. */
  declare connects: boolean;
  declare private link: PreviewLink | undefined;
  /** What the link leads to. */
  #linked = '';

  static override styles = css`
    :host {
      display: flex;
      flex: 1;
      flex-direction: column;
      min-height: 320px;
    }
    strata-preview {
      flex: 1;
    }
  `;

  constructor() {
    super();
    this.store = undefined;
    this.station = '';
    this.name = '';
    this.port = 0;
    this.off = undefined;
    this.connects = true;
    this.link = undefined;
  }

  override render() {
    if (!this.store) return nothing;
    return html`<strata-preview
      .link=${this.link}
      .label=${portText.preview.frame(this.name, this.port)}
      .off=${this.off}
      .connects=${this.connects}
      @connect=${() => this.dispatchEvent(new CustomEvent('connect'))}
      @new-tab=${(event: CustomEvent<string>) => this.link && openPreviewTab(this.link, event.detail)}
    ></strata-preview>`;
  }

  protected override updated(): void {
    const { store, station, port } = this;
    if (!store) return;
    const wanted = this.off === undefined ? `${station}-${port}` : '';
    if (wanted === this.#linked) return;
    this.#linked = wanted;
    this.link = undefined;
    if (wanted === '') return;
    void store.openPreview(station, port).then((link) => {
      if (this.#linked === wanted) this.link = link;
    });
  }
}

define('strata-port-preview', PortPreview);
