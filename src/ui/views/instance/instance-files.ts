import { html, nothing } from 'lit';
import type { InstanceId } from '../../../api/instance';
import type { InstanceRecord } from '../../../engine/instance-record';
import type { FileShelf } from '../../files/file-shelf';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { fileText } from '../../text/files';
import '../files/file-browser';

/** The files of a machine, by programs in it. */
export class InstanceFiles extends StrataElement {
  static override properties = {
    store: { attribute: false },
    record: { attribute: false },
    shelf: { state: true },
  };
  declare store: Store | undefined;
  declare record: InstanceRecord | undefined;
  declare private shelf: FileShelf | undefined;
  /** Whose files those are, or will be. */
  #of: InstanceId | undefined;

  static override styles = [baseStyles, viewStyles];

  constructor() {
    super();
    this.store = undefined;
    this.record = undefined;
    this.shelf = undefined;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#of = undefined;
    this.shelf = undefined;
  }

  override render() {
    const { record, shelf } = this;
    if (!record) return nothing;
    if (record.state.phase !== 'running') return html`<p class="none">${fileText.onlyRunning}</p>`;
    return html`<strata-file-browser .shelf=${shelf} .label=${fileText.treeOf(record.name)}></strata-file-browser>`;
  }

  protected override updated(): void {
    const { store, record } = this;
    const wanted = record?.state.phase === 'running' && this.isConnected ? record.id : undefined;
    if (this.#of === wanted) return;
    this.#of = wanted;
    this.shelf = undefined;
    if (store && wanted !== undefined) void this.#open(store, wanted);
  }

  /** What fails is told, and tried again with the next visit. */
  async #open(store: Store, id: InstanceId): Promise<void> {
    try {
      const shelf = await store.guestFiles(id);
      if (this.#of !== id) return;
      this.shelf = shelf;
      await shelf.refresh();
    } catch (error) {
      store.report(text.notLoaded, error);
    }
  }
}

define('strata-instance-files', InstanceFiles);
