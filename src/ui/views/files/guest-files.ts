import { html, nothing, type TemplateResult } from 'lit';
import type { FileShelf } from '../../files/file-shelf';
import type { FileOwner } from '../../files/open-guest-files';
import type { Store } from '../../store';
import { StrataElement } from '../../strata-element';
import { baseStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { fileText } from '../../text/files';
import './file-browser';

/** Base of the files of what runs programs: a machine, or a container. */
export abstract class GuestFiles extends StrataElement {
  static override properties = {
    store: { attribute: false },
    shelf: { state: true },
  };
  declare store: Store | undefined;
  declare private shelf: FileShelf | undefined;
  /** Whose files those are, or will be. */
  #of: string | undefined;

  static override styles = [baseStyles, viewStyles];

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
  }

  /** Its name; undefined when there is nothing yet whose files those were. */
  protected abstract readonly named: string | undefined;
  /** Undefined while it does not run. */
  protected abstract owner(store: Store): FileOwner | undefined;
  protected abstract readonly onlyRunning: string;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#of = undefined;
    this.shelf = undefined;
  }

  override render(): TemplateResult | typeof nothing {
    const { store, named, shelf } = this;
    if (!store || named === undefined) return nothing;
    if (!this.owner(store)) return html`<p class="none">${this.onlyRunning}</p>`;
    return html`<strata-file-browser .shelf=${shelf} .label=${fileText.treeOf(named)}></strata-file-browser>`;
  }

  protected override updated(): void {
    const { store } = this;
    const owner = store && this.isConnected ? this.owner(store) : undefined;
    if (this.#of === owner?.id) return;
    this.#of = owner?.id;
    this.shelf = undefined;
    if (store && owner) void this.#open(store, owner);
  }

  /** What fails is told, and tried again with the next visit. */
  async #open(store: Store, owner: FileOwner): Promise<void> {
    try {
      const shelf = await store.guestFiles(owner);
      if (this.#of !== owner.id) return;
      this.shelf = shelf;
      await shelf.refresh();
    } catch (error) {
      store.report(text.notLoaded, error);
    }
  }
}
