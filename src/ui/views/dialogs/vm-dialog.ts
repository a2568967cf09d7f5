import { css, html, nothing } from 'lit';
import type { VolumeId } from '../../../api/volume';
import { hostDraft } from '../../../engine/host-draft';
import type { InstanceDraft } from '../../../engine/instance-record';
import { icon } from '../../elements/icon/icon';
import { type Flavor, flavors, standardFlavor } from '../../flavors';
import { formatMemory } from '../../format';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { text } from '../../text';
import { formText } from '../../text/forms';
import type { VolumeShelf } from '../../volumes/volume-shelf';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';
import { type Bounds, countField, countIn, formFieldStyles, nameProblem, wordField } from './form-fields';
import { networkOptions } from './program-dialog';

const mebibyte = 1024 * 1024;

/** What a VM may have, as `api/instance.ts` says. */
const limits = { memory: { least: 32, most: 1024 }, nics: 4, disks: 4, count: { least: 1, most: 32 } } as const;

/** Container hosts need their initrd's room. */
const hostMemoryMiB = 128;

/** Sizes on offer, MiB; 0 is no disk. */
const diskSizes = [0, 64, 256, 1024, 4096] as const;

/** The folder that the page shows. */
const sharedFolder = { tag: 'shared', folder: 'shared', at: '/shared' } as const;

/** All that a new VM can be, a flavor to begin with. */
export class VmDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    flavor: { state: true },
    name: { state: true },
    memory: { state: true },
    nics: { state: true },
    disk: { state: true },
    count: { state: true },
    volumes: { state: true },
    shelf: { state: true },
    shared: { state: true },
  };
  declare private flavor: Flavor['id'];
  declare private name: string;
  /** As it was typed. */
  declare private memory: string;
  declare private nics: readonly string[];
  declare private disk: number;
  /** Likewise. */
  declare private count: string;
  /** Those that it gets, by id. */
  declare private volumes: readonly VolumeId[];
  declare private shelf: VolumeShelf | undefined;
  declare private shared: boolean;

  static override styles = [
    ...DialogElement.styles,
    formFieldStyles,
    css`
      .nic {
        display: flex;
        align-items: center;
        gap: var(--s1);
        margin-top: 4px;
      }
      .nic span {
        width: 4ch;
        color: var(--muted);
        font-family: var(--mono);
        font-size: var(--t0);
      }
      .add {
        margin-top: var(--s1);
      }
    `,
  ];

  constructor() {
    super();
    this.flavor = standardFlavor.id;
    this.name = '';
    this.memory = String(standardFlavor.draft.memoryMiB);
    this.nics = ['default'];
    this.disk = 0;
    this.count = '1';
    this.volumes = [];
    this.shelf = undefined;
    this.shared = false;
  }

  protected override firstUpdated(): void {
    super.firstUpdated();
    void this.store?.parts.volumes.get().then((shelf) => {
      this.shelf = shelf;
    });
  }

  protected override frame(store: Store): DialogFrame {
    const { vm } = formText;
    const count = this.#machines;
    return {
      heading: vm.title,
      go: vm.start(count),
      failed: text.toasts.notCreated('vm'),
      blocked: this.#diskCount > limits.disks || (count > 1 && this.volumes.length > 0),
      body: html`
        <div class="pair">
          <label class="field">
            <span>${vm.kind}</span>
            <select data-first @change=${(event: Event) => this.#pickFlavor(typedIn(event))}>
              ${flavors.map(({ id }) => html`<option value=${id} ?selected=${id === this.flavor}>${text.flavors[id].label}: ${text.flavors[id].detail}</option>`)}
            </select>
          </label>
          ${countField({
            label: vm.custom,
            value: this.memory,
            bounds: this.#memoryBounds,
            step: 16,
            set: (typed) => {
              this.memory = typed;
            },
          })}
        </div>
        ${wordField({
          label: vm.name,
          value: this.name,
          placeholder: vm.nameHint,
          problem: nameProblem(store, this.name, count),
          ...(count > 1 && this.name !== '' && { hint: vm.many }),
          set: (typed) => {
            this.name = typed;
          },
        })}
        ${this.#networks(store)}
        <div class="pair">
          <label class="field">
            <span>${vm.disk}</span>
            <select
              @change=${(event: Event) => {
                this.disk = Number(typedIn(event));
              }}
            >
              ${diskSizes.map((size) => html`<option value=${size} ?selected=${size === this.disk}>${size > 0 ? formatMemory(size * mebibyte) : this.#isHost ? vm.hostDisk : vm.noDisk}</option>`)}
            </select>
          </label>
          ${countField({
            label: vm.count,
            value: this.count,
            bounds: limits.count,
            set: (typed) => {
              this.count = typed;
            },
          })}
        </div>
        ${this.#volumeFields()}
        <label class="check">
          <input
            type="checkbox"
            .checked=${this.shared || this.#isHost}
            ?disabled=${this.#isHost}
            @change=${(event: Event) => {
              this.shared = (event.target as HTMLInputElement).checked;
            }}
          />
          <span>${vm.shared}</span>
        </label>
        <p class="hint" role="status">${count > 1 ? vm.total(formatMemory(count * this.#memoryMiB * mebibyte)) : ''}</p>
      `,
    };
  }

  #networks(store: Store) {
    const { vm } = formText;
    return html`<fieldset>
      <legend>${vm.networks}</legend>
      ${this.nics.map(
        (network, index) => html`<div class="nic">
          <span>${vm.nic(index)}</span>
          <select aria-label=${vm.nic(index)} @change=${(event: Event) => this.#setNic(index, typedIn(event))}>
            ${networkOptions(store, network)}
          </select>
          <button type="button" class="quiet icon" aria-label=${vm.removeNic(index)} title=${vm.removeNic(index)} @click=${() => this.#removeNic(index)}>
            ${icon('remove')}
          </button>
        </div>`,
      )}
      <button type="button" class="add" ?disabled=${this.nics.length >= limits.nics} @click=${() => this.#addNic(store)}>${icon('plus')}${vm.addNic}</button>
    </fieldset>`;
  }

  /** Those that nobody has. */
  #volumeFields() {
    const { vm } = formText;
    const free = (this.shelf?.list.value ?? []).filter(({ attachedTo, usedBy }) => !attachedTo && !usedBy);
    if (free.length === 0) return nothing;
    return html`<fieldset>
      <legend>${vm.volumes}</legend>
      ${free.map(
        ({ id, name, sizeMiB }) => html`<label class="check">
          <input
            type="checkbox"
            .checked=${this.volumes.includes(id)}
            ?disabled=${!this.volumes.includes(id) && this.#diskCount >= limits.disks}
            @change=${() => this.#toggleVolume(id)}
          />
          ${vm.volume(name, formatMemory(sizeMiB * mebibyte))}
        </label>`,
      )}
      ${this.#machines > 1 && this.volumes.length > 0 ? html`<span class="problem" role="alert">${vm.volumesOnce}</span>` : nothing}
    </fieldset>`;
  }

  protected override async submit(store: Store): Promise<boolean> {
    await store.launches.make(this.#draft(), this.#machines);
    return true;
  }

  #draft(): InstanceDraft {
    const name = this.name.trim();
    const volumes = this.volumes.map((volume) => ({ volume }));
    const named = name === '' ? {} : { name };
    if (this.#isHost) {
      const host = hostDraft({
        memoryMiB: this.#memoryMiB,
        networks: this.nics,
        ...(this.disk > 0 && { diskMiB: this.disk }),
      });
      return { ...host, ...named, disks: [...(host.disks ?? []), ...volumes] };
    }
    const { draft } = flavors.find(({ id }) => id === this.flavor) ?? standardFlavor;
    return {
      ...draft,
      ...named,
      memoryMiB: this.#memoryMiB,
      nics: this.nics.map((network) => ({ network })),
      ...(this.#diskCount > 0 && {
        disks: [...(this.disk > 0 ? [{ sizeMiB: this.disk }] : []), ...volumes],
      }),
      ...(this.shared && { shares: [sharedFolder] }),
    };
  }

  /** It has a disk and the shared folder in any case. */
  get #isHost(): boolean {
    return this.flavor === 'containerHost';
  }

  get #diskCount(): number {
    return this.volumes.length + (this.disk > 0 || this.#isHost ? 1 : 0);
  }

  get #memoryBounds(): Bounds {
    return this.#isHost ? { ...limits.memory, least: hostMemoryMiB } : limits.memory;
  }

  get #memoryMiB(): number {
    return countIn(this.memory, this.#memoryBounds);
  }

  get #machines(): number {
    return countIn(this.count, limits.count);
  }

  #pickFlavor(picked: string): void {
    const flavor = flavors.find(({ id }) => id === picked) ?? standardFlavor;
    this.flavor = flavor.id;
    this.memory = String(flavor.draft.memoryMiB);
  }

  #toggleVolume(id: VolumeId): void {
    const others = this.volumes.filter((each) => each !== id);
    this.volumes = others.length < this.volumes.length ? others : [...others, id];
  }

  #setNic(index: number, network: string): void {
    this.nics = this.nics.map((each, at) => (at === index ? network : each));
  }

  #removeNic(index: number): void {
    this.nics = this.nics.filter((_, at) => at !== index);
  }

  #addNic(store: Store): void {
    const unused = store.networks.value.find(({ name }) => !this.nics.includes(name)) ?? store.networks.value[0];
    if (unused) this.nics = [...this.nics, unused.name];
  }
}

define('strata-vm-dialog', VmDialog);
