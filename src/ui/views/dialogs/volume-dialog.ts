import { html } from 'lit';
import { formatMemory } from '../../format';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { formText } from '../../text/forms';
import { volumeText } from '../../text/volumes';
import type { VolumeShelf } from '../../volumes/volume-shelf';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';
import { formFieldStyles, wordField } from './form-fields';

const words = volumeText.dialog;
/** As `engine/volumes.ts` has it. */
const longestName = 64;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

const mebibyte = 1024 * 1024;

/** Sizes on offer, MiB; there is an ext4 of each. What is never written to takes no room. */
const sizes = [64, 256, 1024, 4096, 16_384, 65_536] as const;

/** A new volume, of a size and with a file system or none. */
export class VolumeDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    name: { state: true },
    size: { state: true },
    format: { state: true },
    shelf: { state: true },
  };
  declare private name: string;
  declare private size: number;
  declare private format: keyof typeof words.formats;
  declare private shelf: VolumeShelf | undefined;

  static override styles = [...DialogElement.styles, formFieldStyles];

  constructor() {
    super();
    this.name = '';
    this.size = sizes[2];
    this.format = 'ext4';
    this.shelf = undefined;
  }

  protected override firstUpdated(): void {
    super.firstUpdated();
    void this.store?.parts.volumes.get().then((shelf) => {
      this.shelf = shelf;
    });
  }

  protected override frame(): DialogFrame {
    return {
      heading: words.title,
      go: words.go,
      failed: volumeText.notCreated,
      body: html`
        ${wordField({
          label: words.name,
          value: this.name,
          first: true,
          placeholder: words.nameHint,
          problem: this.#nameProblem(),
          set: (typed) => {
            this.name = typed;
          },
        })}
        <div class="pair">
          <label class="field">
            <span>${words.size}</span>
            <select
              @change=${(event: Event) => {
                this.size = Number(typedIn(event));
              }}
            >
              ${sizes.map((size) => html`<option value=${size} ?selected=${size === this.size}>${formatMemory(size * mebibyte)}</option>`)}
            </select>
          </label>
          <label class="field">
            <span>${words.format}</span>
            <select
              @change=${(event: Event) => {
                this.format = typedIn(event) === 'ext4' ? 'ext4' : 'none';
              }}
            >
              ${(['ext4', 'none'] as const).map((format) => html`<option value=${format} ?selected=${format === this.format}>${words.formats[format]}</option>`)}
            </select>
          </label>
        </div>
      `,
    };
  }

  #nameProblem(): string | undefined {
    const name = this.name.trim();
    if (name === '') return undefined;
    if (name.length > longestName) return formText.nameLength(longestName);
    if (!namePattern.test(name)) return words.nameRule;
    return this.shelf?.list.value.some((volume) => volume.name === name) ? words.nameTaken(name) : undefined;
  }

  protected override async submit(store: Store): Promise<boolean> {
    const name = this.name.trim();
    const draft = {
      sizeMiB: this.size,
      ...(name !== '' && { name }),
      ...(this.format !== 'none' && { format: this.format }),
    };
    const shelf = await store.parts.volumes.get();
    await shelf?.create(draft);
    return shelf !== undefined;
  }
}

define('strata-volume-dialog', VolumeDialog);
