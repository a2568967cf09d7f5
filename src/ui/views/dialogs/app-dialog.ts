import { css, html, nothing } from 'lit';
import { formatBytes } from '../../../base/bytes';
import type { AppOffer } from '../../../engine/lab-modules';
import { icon } from '../../elements/icon/icon';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { text } from '../../text';
import { appForm } from '../../text/app-form';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';
import { countField, countIn, formFieldStyles, nameProblem, wordField } from './form-fields';
import { filesOf, linesOf, networkOptions, programStyles } from './program-dialog';

/** What an app may have, as `api/app.ts` says. */
const memoryLimits = { least: 1, most: 1024 } as const;

/** What compilers give a program to begin with, and room to work. */
const usualMemory = 64;

/** A file that the program shall find: text that was written here, or one of the user's own. */
interface WantedFile {
  readonly path: string;
  readonly content: string | Blob;
}

/** All that a new app can be given. */
export class AppDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    offer: { attribute: false },
    name: { state: true },
    args: { state: true },
    env: { state: true },
    memory: { state: true },
    files: { state: true },
    network: { state: true },
  };
  /** The program; none was taken yet where it is undefined. */
  declare offer: AppOffer | undefined;
  declare private name: string;
  declare private args: string;
  declare private env: string;
  /** As it was typed. */
  declare private memory: string;
  declare private files: readonly WantedFile[];
  /** Of a program of WASIX: where its address is. Empty: it has none. */
  declare private network: string;

  static override styles = [
    ...DialogElement.styles,
    programStyles,
    formFieldStyles,
    css`
      .lacks {
        padding: var(--s1) 12px;
        border-left: 3px solid var(--bad);
        border-radius: var(--s0);
        background: var(--bad-bg);
        font-size: var(--t1);
      }
      .file {
        display: grid;
        grid-template-columns: 1fr auto auto;
        align-items: center;
        gap: 4px var(--s1);
        margin-top: var(--s1);
      }
      .file .size {
        color: var(--muted);
        font-size: var(--t0);
      }
      .add {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
        margin-top: var(--s1);
      }
      textarea {
        min-height: 52px;
      }
    `,
  ];

  constructor() {
    super();
    this.offer = undefined;
    this.name = '';
    this.args = '';
    this.env = '';
    this.memory = String(usualMemory);
    this.files = [];
    this.network = 'default';
  }

  protected override frame(store: Store): DialogFrame {
    const dialog = appForm;
    return {
      heading: dialog.title,
      go: dialog.start,
      failed: text.toasts.notCreated('app'),
      blocked: !this.offer || this.offer.lacks === 'isolation',
      body: html`
        <p class="about">${this.#about()}</p>
        ${this.offer?.lacks ? html`<p class="lacks" role="alert">${appForm.lacks[this.offer.lacks]}</p>` : nothing}
        ${this.#programField(store)}
        ${wordField({
          label: dialog.name,
          value: this.name,
          first: this.offer !== undefined,
          placeholder: dialog.nameHint,
          problem: nameProblem(store, this.name),
          set: (typed) => {
            this.name = typed;
          },
        })}
        ${this.#lines(dialog.arguments, this.args, (args) => {
          this.args = args;
        })}
        ${this.#lines(dialog.environment, this.env, (env) => {
          this.env = env;
        })}
        ${this.#fileFields()} ${this.#networkField(store)}
        ${countField({
          label: dialog.memory,
          value: this.memory,
          bounds: memoryLimits,
          set: (typed) => {
            this.memory = typed;
          },
        })}
      `,
    };
  }

  #about(): string {
    const dialog = appForm;
    if (!this.offer) return dialog.take;
    return this.offer.flavor === 'wasix' ? dialog.aboutWasix : dialog.about;
  }

  /** Plain WASI has no calls for one. */
  #networkField(store: Store) {
    if (this.offer?.flavor !== 'wasix') return nothing;
    const dialog = appForm;
    return html`<label class="field">
      <span>${dialog.network}</span>
      <select
        @change=${(event: Event) => {
          this.network = typedIn(event);
        }}
      >
        ${networkOptions(store, this.network)}
        <option value="" ?selected=${this.network === ''}>${dialog.noNetwork}</option>
      </select>
    </label>`;
  }

  #programField(store: Store) {
    const dialog = appForm;
    const { flavors } = appForm;
    const { offer } = this;
    return html`<div class="program">
      <label class="field">
        <span>${dialog.program}</span>
        <input readonly .value=${offer ? `${offer.name}: ${flavors[offer.flavor]}` : ''} />
      </label>
      <button type="button" ?data-first=${!offer} @click=${() => this.#choose('.wasm-file')}>${icon('upload')}${dialog.file}</button>
      <input
        class="wasm-file"
        type="file"
        accept=".wasm,application/wasm"
        aria-label=${dialog.fileLabel}
        @change=${(event: Event) => {
          const [file] = filesOf(event);
          if (file) void store.parts.intake.get().then((intake) => intake?.module(file));
        }}
      />
    </div>`;
  }

  #lines(label: string, value: string, set: (value: string) => void) {
    return html`<label class="field">
      <span>${label}</span>
      <textarea rows="2" autocapitalize="off" spellcheck="false" .value=${value} @input=${(event: Event) => set(typedIn(event))}></textarea>
    </label>`;
  }

  #fileFields() {
    const dialog = appForm;
    return html`<fieldset>
      <legend>${dialog.files}</legend>
      ${this.files.map((file, index) => this.#fileField(file, index))}
      <div class="add">
        <button
          type="button"
          @click=${() => {
            this.files = [...this.files, { path: '', content: '' }];
          }}
        >
          ${icon('plus')}${dialog.newFile}
        </button>
        <button type="button" @click=${() => this.#choose('.more-files')}>${icon('upload')}${dialog.addFiles}</button>
        <input
          class="more-files"
          type="file"
          multiple
          aria-label=${dialog.addFilesLabel}
          @change=${(event: Event) => {
            this.files = [...this.files, ...filesOf(event).map((file) => ({ path: file.name, content: file }))];
          }}
        />
      </div>
    </fieldset>`;
  }

  #fileField({ path, content }: WantedFile, index: number) {
    const dialog = appForm;
    return html`<div class="file">
      <input
        aria-label=${dialog.path}
        placeholder="data/input.txt"
        autocapitalize="off"
        spellcheck="false"
        .value=${path}
        @input=${(event: Event) => this.#setFile(index, { path: typedIn(event) })}
      />
      <span class="size">${content instanceof Blob ? formatBytes(content.size) : ''}</span>
      <button
        type="button"
        class="quiet icon"
        aria-label=${dialog.removeFile(path)}
        title=${dialog.removeFile(path)}
        @click=${() => {
          this.files = this.files.filter((_, at) => at !== index);
        }}
      >
        ${icon('remove')}
      </button>
      ${
        content instanceof Blob
          ? nothing
          : html`<textarea
              aria-label=${dialog.content}
              rows="4"
              autocapitalize="off"
              spellcheck="false"
              .value=${content}
              @input=${(event: Event) => this.#setFile(index, { content: typedIn(event) })}
            ></textarea>`
      }
    </div>`;
  }

  protected override async submit(store: Store): Promise<boolean> {
    const { offer } = this;
    if (!offer) return false;
    const name = this.name.trim();
    const draft = {
      kind: 'app',
      image: offer.image,
      args: linesOf(this.args),
      env: linesOf(this.env),
      memoryMiB: countIn(this.memory, memoryLimits),
      nics: offer.flavor === 'wasix' && this.network !== '' ? [{ network: this.network }] : [],
      ...(name !== '' && { name }),
    } as const;
    const files = this.files.flatMap(({ path, content }) =>
      path.trim() === '' ? [] : [{ path: path.trim(), content: new Blob([content]) }],
    );
    await store.launches.app(draft, files);
    return true;
  }

  #setFile(index: number, change: Partial<WantedFile>): void {
    this.files = this.files.map((file, at) => (at === index ? { ...file, ...change } : file));
  }

  #choose(input: string): void {
    this.renderRoot.querySelector<HTMLInputElement>(input)?.click();
  }
}

define('strata-app-dialog', AppDialog);
