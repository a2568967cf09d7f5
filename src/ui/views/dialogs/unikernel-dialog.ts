import { css, html, nothing, type PropertyValues } from 'lit';
import type { UnikernelDevice } from '../../../api/unikernel';
import type { InstanceDraft } from '../../../engine/instance-record';
import type { UnikernelOffer } from '../../../engine/unikernel-library';
import { icon } from '../../elements/icon/icon';
import { formatMemory } from '../../format';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { text } from '../../text';
import { unikernelFacts } from '../../text/unikernel-facts';
import { unikernelForm } from '../../text/unikernel-form';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';
import { countField, countIn, formFieldStyles, nameProblem, wordField } from './form-fields';
import { filesOf, linesOf, networkOptions, programStyles } from './program-dialog';

const mebibyte = 1024 * 1024;

/** What a unikernel may have, as `api/unikernel.ts` says. */
const limits = { memory: { least: 1, most: 1024 }, count: { least: 1, most: 32 }, files: 16 } as const;

/** Room for a program and what it is asked; those that need more say so. */
const usualMemory = 4;

/** Sizes on offer, MiB. */
const diskSizes = [1, 8, 32, 64] as const;
const usualDisk = 8;

/** After how long one on demand sleeps, milliseconds; 0 is for one that always runs. */
const idleTimes = [0, 10_000, 60_000, 600_000] as const;

interface ConfigFile {
  readonly path: string;
  readonly content: string;
}

/** All that a new unikernel can be: a program of the registry's or of the user's own, and what it is given. */
export class UnikernelDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    offer: { attribute: false },
    offers: { state: true },
    image: { state: true },
    devices: { state: true },
    name: { state: true },
    memory: { state: true },
    args: { state: true },
    files: { state: true },
    networks: { state: true },
    disk: { state: true },
    addressing: { state: true },
    idleMs: { state: true },
    count: { state: true },
  };
  /** A module that was brought just now. */
  declare offer: UnikernelOffer | undefined;
  /** Undefined until the registry has been asked. */
  declare private offers: readonly UnikernelOffer[] | undefined;
  declare private image: string;
  declare private devices: readonly UnikernelDevice[];
  declare private name: string;
  /** As it was typed. */
  declare private memory: string;
  declare private args: string;
  declare private files: readonly ConfigFile[];
  /** Chosen networks, by the name of the device. */
  declare private networks: Readonly<Record<string, string>>;
  declare private disk: number;
  declare private addressing: 'static' | 'dhcp';
  declare private idleMs: number;
  /** Likewise. */
  declare private count: string;

  static override styles = [
    ...DialogElement.styles,
    programStyles,
    formFieldStyles,
    css`
      .file {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 4px var(--s1);
        margin-top: var(--s1);
      }
      .add,
      fieldset > .field {
        margin-top: var(--s1);
      }
      textarea {
        min-height: 64px;
      }
    `,
  ];

  constructor() {
    super();
    this.offer = undefined;
    this.offers = undefined;
    this.image = '';
    this.devices = [];
    this.name = '';
    this.memory = String(usualMemory);
    this.args = '';
    this.files = [];
    this.networks = {};
    this.disk = usualDisk;
    this.addressing = 'static';
    this.idleMs = 0;
    this.count = '1';
  }

  protected override frame(store: Store): DialogFrame {
    const dialog = unikernelForm;
    const count = countIn(this.count, limits.count);
    return {
      heading: dialog.title,
      go: dialog.start(count),
      failed: text.toasts.notCreated('unikernel'),
      blocked: this.image === '',
      body: html`
        <p class="about">${dialog.about}</p>
        ${this.#programField(store)}
        ${wordField({
          label: dialog.name,
          value: this.name,
          placeholder: dialog.nameHint,
          problem: nameProblem(store, this.name, count),
          set: (typed) => {
            this.name = typed;
          },
        })}
        <label class="field">
          <span>${dialog.arguments}</span>
          <textarea
            rows="2"
            autocapitalize="off"
            spellcheck="false"
            .value=${this.args}
            @input=${(event: Event) => {
              this.args = typedIn(event);
            }}
          ></textarea>
        </label>
        ${this.#fileFields()} ${this.#networkFields(store)}
        <div class="pair">
          ${this.#diskField()}
          ${countField({
            label: dialog.memory,
            value: this.memory,
            bounds: limits.memory,
            set: (typed) => {
              this.memory = typed;
            },
          })}
          ${countField({
            label: dialog.count,
            value: this.count,
            bounds: limits.count,
            set: (typed) => {
              this.count = typed;
            },
          })}
        </div>
      `,
    };
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const { store, offer } = this;
    if (!store) return;
    if (changed.has('store')) void this.#list(store);
    if (changed.has('offer') && offer) void this.#pick(store, offer.image);
  }

  #programField(store: Store) {
    const dialog = unikernelForm;
    const offers = this.#allOffers;
    return html`<div class="program">
      <label class="field">
        <span>${dialog.program}</span>
        <select data-first @change=${(event: Event) => void this.#pick(store, typedIn(event))}>
          ${offers.length === 0 ? html`<option>${this.offers ? dialog.none : dialog.loading}</option>` : nothing}
          ${offers.map(
            ({ name, image }) =>
              html`<option value=${image} ?selected=${image === this.image}>${dialog.programs[name] ? `${name}: ${dialog.programs[name]}` : name}</option>`,
          )}
        </select>
      </label>
      <button type="button" @click=${() => this.renderRoot.querySelector<HTMLInputElement>('input[type="file"]')?.click()}>
        ${icon('upload')}${dialog.file}
      </button>
      <input type="file" accept=".wasm,application/wasm" aria-label=${dialog.fileLabel} @change=${(event: Event) => this.#bring(store, event)} />
    </div>`;
  }

  #fileFields() {
    const dialog = unikernelForm;
    return html`<fieldset>
      <legend>${dialog.config}</legend>
      ${this.files.map(
        ({ path, content }, index) => html`<div class="file">
          <input
            aria-label=${dialog.path}
            placeholder="/etc/zone"
            autocapitalize="off"
            spellcheck="false"
            .value=${path}
            @input=${(event: Event) => this.#setFile(index, { path: typedIn(event) })}
          />
          <button type="button" class="quiet icon" aria-label=${dialog.removeFile(path)} title=${dialog.removeFile(path)} @click=${() => this.#removeFile(index)}>
            ${icon('remove')}
          </button>
          <textarea
            aria-label=${dialog.content}
            rows="4"
            autocapitalize="off"
            spellcheck="false"
            .value=${content}
            @input=${(event: Event) => this.#setFile(index, { content: typedIn(event) })}
          ></textarea>
        </div>`,
      )}
      <button
        type="button"
        class="add"
        ?disabled=${this.files.length >= limits.files}
        @click=${() => {
          this.files = [...this.files, { path: '', content: '' }];
        }}
      >
        ${icon('plus')}${dialog.addFile}
      </button>
    </fieldset>`;
  }

  #networkFields(store: Store) {
    const dialog = unikernelForm;
    const { addressing } = unikernelFacts;
    const nics = this.#namesOf('NET_BASIC');
    if (nics.length === 0) return nothing;
    return html`<fieldset>
      <legend>${dialog.networks}</legend>
      ${nics.map(
        (device) => html`<label class="field">
          <span>${dialog.nic(device)}</span>
          <select
            @change=${(event: Event) => {
              this.networks = { ...this.networks, [device]: typedIn(event) };
            }}
          >
            ${networkOptions(store, this.#networkOf(device))}
          </select>
        </label>`,
      )}
      <label class="field">
        <span>${dialog.addressing}</span>
        <select
          @change=${(event: Event) => {
            this.addressing = typedIn(event) === 'dhcp' ? 'dhcp' : 'static';
          }}
        >
          ${(['static', 'dhcp'] as const).map((each) => html`<option value=${each} ?selected=${each === this.addressing} ?disabled=${each === 'dhcp' && this.idleMs > 0}>${addressing[each]}</option>`)}
        </select>
      </label>
      ${this.#demandField()}
    </fieldset>`;
  }

  #demandField() {
    const { demand } = unikernelFacts;
    return html`<label class="field">
        <span>${demand.field}</span>
      <select
        @change=${(event: Event) => {
          this.idleMs = Number(typedIn(event));
          // What sleeps cannot renew a lease.
          if (this.idleMs > 0) this.addressing = 'static';
        }}
      >
        ${idleTimes.map((ms) => html`<option value=${ms} ?selected=${ms === this.idleMs}>${ms === 0 ? demand.always : demand.after(ms)}</option>`)}
      </select>
      </label>
      ${this.idleMs > 0 ? html`<p class="about">${demand.about}</p>` : nothing}`;
  }

  #diskField() {
    const devices = this.#namesOf('BLOCK_BASIC');
    if (devices.length === 0) return nothing;
    return html`<label class="field">
      <span>${unikernelForm.disks(devices.join(', '))}</span>
      <select
        @change=${(event: Event) => {
          this.disk = Number(typedIn(event));
        }}
      >
        ${diskSizes.map((size) => html`<option value=${size} ?selected=${size === this.disk}>${formatMemory(size * mebibyte)}</option>`)}
      </select>
    </label>`;
  }

  protected override async submit(store: Store): Promise<boolean> {
    await store.launches.make(this.#draft(), countIn(this.count, limits.count));
    return true;
  }

  #draft(): InstanceDraft {
    const name = this.name.trim();
    return {
      kind: 'unikernel',
      image: this.image,
      args: linesOf(this.args),
      config: Object.fromEntries(
        this.files.flatMap(({ path, content }) => (path.trim() === '' ? [] : [[path.trim(), content]])),
      ),
      memoryMiB: countIn(this.memory, limits.memory),
      addressing: this.addressing,
      nics: this.#namesOf('NET_BASIC').map((device) => ({ network: this.#networkOf(device) })),
      disks: this.#namesOf('BLOCK_BASIC').map(() => ({ sizeMiB: this.disk })),
      ...(this.idleMs > 0 && { onDemand: { idleMs: this.idleMs } }),
      ...(name !== '' && { name }),
    };
  }

  get #allOffers(): readonly UnikernelOffer[] {
    return [...(this.offer ? [this.offer] : []), ...(this.offers ?? [])];
  }

  #namesOf(type: UnikernelDevice['type']): readonly string[] {
    return this.devices.flatMap((device) => (device.type === type ? [device.name] : []));
  }

  #networkOf(device: string): string {
    return this.networks[device] ?? 'default';
  }

  async #list(store: Store): Promise<void> {
    this.offers = await store.launches.unikernels();
    const [first] = this.#allOffers;
    if (this.image === '' && first) await this.#pick(store, first.image);
  }

  async #pick(store: Store, image: string): Promise<void> {
    this.image = image;
    const devices = await store.launches.unikernelDevices(image);
    // Another one may have been picked since.
    if (this.image === image) this.devices = devices ?? [];
  }

  #bring(store: Store, event: Event): void {
    const [file] = filesOf(event);
    if (file) void store.parts.intake.get().then((intake) => intake?.module(file));
  }

  #setFile(index: number, change: Partial<ConfigFile>): void {
    this.files = this.files.map((file, at) => (at === index ? { ...file, ...change } : file));
  }

  #removeFile(index: number): void {
    this.files = this.files.filter((_, at) => at !== index);
  }
}

define('strata-unikernel-dialog', UnikernelDialog);
