import { html, nothing } from 'lit';
import type { TarFileKind } from '../../../formats/tar-file';
import type { Dialog } from '../../dialog';
import { referenceOf } from '../../images/image-shelf';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { imageText } from '../../text/images';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';

const words = imageText.tar;
const kinds: readonly TarFileKind[] = ['images', 'root', 'volume', 'snapshot', 'lab'];

/** What a tar is that was dropped on the page: what is likely is chosen already. */
export class TarDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    dialog: { attribute: false },
    chosen: { state: true },
    name: { state: true },
  };
  declare dialog: Extract<Dialog, { readonly kind: 'brought-tar' }> | undefined;
  /** Undefined until somebody has chosen. */
  declare private chosen: TarFileKind | undefined;
  declare private name: string | undefined;

  constructor() {
    super();
    this.dialog = undefined;
    this.chosen = undefined;
    this.name = undefined;
  }

  protected override frame(): DialogFrame {
    const { file, guess } = this.dialog ?? {};
    const chosen = this.chosen ?? guess;
    return {
      heading: words.title(file?.name ?? ''),
      go: words.go,
      body: html`
        <fieldset>
          <legend class="unseen">${words.label}</legend>
          ${kinds.map(
            (kind) => html`<label class="check">
              <input
                ?data-first=${kind === guess}
                type="radio"
                name="kind"
                .checked=${kind === chosen}
                @change=${() => {
                  this.chosen = kind;
                }}
              />
              ${words.kinds[kind]}
            </label>`,
          )}
        </fieldset>
        ${
          chosen === 'root'
            ? html`<label class="field">
                <span>${words.name}</span>
                <input
                  maxlength="200"
                  autocapitalize="off"
                  spellcheck="false"
                  .value=${this.#name}
                  @input=${(event: Event) => {
                    this.name = typedIn(event);
                  }}
                />
              </label>`
            : nothing
        }
      `,
    };
  }

  protected override submit(store: Store): boolean {
    if (this.dialog) void this.#take(store, this.dialog.file, this.chosen ?? this.dialog.guess);
    return true;
  }

  get #name(): string {
    return this.name ?? referenceOf(this.dialog?.file.name ?? '') ?? '';
  }

  async #take(store: Store, file: File, kind: TarFileKind): Promise<void> {
    const name = this.#name.trim();
    switch (kind) {
      case 'images':
      case 'root': {
        store.go({ view: 'images' });
        const shelf = await store.parts.images.get();
        if (kind === 'images') shelf?.load(file);
        else shelf?.import(file, name === '' ? undefined : name);
        return;
      }
      case 'volume':
        store.go({ view: 'volumes' });
        (await store.parts.volumes.get())?.import(file);
        return;
      case 'snapshot':
        store.go({ view: 'snapshots' });
        store.snapshotVerbs.import(file);
        return;
      case 'lab':
        store.go({ view: 'lab' });
        await (await store.parts.scenarios.get())?.showArchive(file);
    }
  }
}

define('strata-tar-dialog', TarDialog);
