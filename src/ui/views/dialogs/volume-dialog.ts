import { html } from 'lit';
import { formatMemory } from '../../format';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { volumeText } from '../../text/volumes';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';

const words = volumeText.dialog;
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
  };
  declare private name: string;
  declare private size: number;
  declare private format: keyof typeof words.formats;

  constructor() {
    super();
    this.name = '';
    this.size = sizes[2];
    this.format = 'ext4';
  }

  protected override frame(): DialogFrame {
    return {
      heading: words.title,
      go: words.go,
      body: html`
        <label class="field">
          <span>${words.name}</span>
          <input
            data-first
            maxlength="64"
            autocapitalize="off"
            spellcheck="false"
            placeholder=${words.nameHint}
            .value=${this.name}
            @input=${(event: Event) => {
              this.name = typedIn(event);
            }}
          />
        </label>
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

  protected override submit(store: Store): boolean {
    const name = this.name.trim();
    const draft = {
      sizeMiB: this.size,
      ...(name !== '' && { name }),
      ...(this.format !== 'none' && { format: this.format }),
    };
    void store.volumeShelf().then((shelf) => shelf?.create(draft));
    return true;
  }
}

define('strata-volume-dialog', VolumeDialog);
