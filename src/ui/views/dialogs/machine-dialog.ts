import { css, html, nothing } from 'lit';
import type { DiskSpec, DriveKind } from '../../../api/disk';
import { formatBytes } from '../../../base/bytes';
import type { LaunchDraft } from '../../../engine/instance-record';
import { type DiskMedium, mediumSizeMiB } from '../../../formats/disk-medium';
import type { VmProfile } from '../../../formats/vm-profile';
import type { MachineQuestion } from '../../dialog';
import { icon } from '../../elements/icon/icon';
import { formatMemory } from '../../format';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { machineWords } from '../../text/machine-words';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';
import { countField, countIn, formFieldStyles, nameProblem, wordField } from './form-fields';
import { filesOf, networkOptions, programStyles } from './program-dialog';

const words = machineWords.dialog;
const mebibyte = 1024 * 1024;
const memoryLimits = { least: 32, most: 1024 } as const;
/** What a system of the time of 32 bits is content with. */
const usualMemory = 128;
const emptySizes = [64, 256, 1024, 4096, 16_384] as const;
const driveOrder: readonly DriveKind[] = ['floppy', 'cdrom', 'disk'];

/** A disk of the machine, with its file where that was taken here. */
interface WantedDisk {
  readonly spec: DiskSpec & { readonly drive: DriveKind };
  readonly file?: File;
  readonly medium?: DiskMedium;
}

/** All that a machine can be given that starts from disks of its own. */
export class MachineDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    question: { attribute: false },
    name: { state: true },
    memory: { state: true },
    devices: { state: true },
    networks: { state: true },
    disks: { state: true },
    first: { state: true },
  };
  /** What the dialog begins with. */
  declare question: MachineQuestion | undefined;
  declare private name: string;
  /** As it was typed. */
  declare private memory: string;
  declare private devices: VmProfile['devices'];
  declare private networks: VmProfile['nics'];
  declare private disks: readonly WantedDisk[];
  declare private first: DriveKind | undefined;

  static override styles = [
    ...DialogElement.styles,
    programStyles,
    formFieldStyles,
    css`
      .disk {
        display: grid;
        grid-template-columns: 1fr auto;
        align-items: center;
        gap: 0 var(--s1);
        padding: var(--s0) 0;
        border-bottom: 1px solid var(--line);
      }
      .disk p {
        grid-column: 1;
        font-size: var(--t1);
      }
      .disk .warning {
        color: var(--bad);
      }
      .add {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
        margin-top: var(--s1);
      }
      .add select {
        width: auto;
      }
    `,
  ];

  #emptySize: number = emptySizes[2];

  constructor() {
    super();
    this.question = undefined;
    this.name = '';
    this.memory = String(usualMemory);
    this.devices = 'emulated';
    this.networks = [{ network: 'default' }];
    this.disks = [];
    this.first = undefined;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('question') || !this.question) return;
    const { profile, disk } = this.question;
    if (profile) this.#fillIn(profile);
    if (disk) this.#add({ spec: specOf(disk.file, disk.medium), ...disk });
  }

  protected override frame(store: Store): DialogFrame {
    return {
      heading: words.title,
      go: words.start,
      blocked: this.disks.length === 0 || this.#missing(store) !== undefined,
      body: html`
        <p class="about">${words.about} ${words.limit}</p>
        ${this.#diskFields(store)} ${this.#bootField()}
        ${wordField({
          label: words.name,
          value: this.name,
          first: true,
          placeholder: words.nameHint,
          problem: nameProblem(store, this.name),
          set: (typed) => {
            this.name = typed;
          },
        })}
        <div class="pair">
          ${countField({
            label: words.memory,
            value: this.memory,
            bounds: memoryLimits,
            step: 32,
            set: (typed) => {
              this.memory = typed;
            },
          })}
          ${this.#networkField(store)}
        </div>
        ${this.#modelField()}
      `,
    };
  }

  #diskFields(store: Store) {
    return html`<fieldset>
      <legend>${words.disks}</legend>
      ${this.disks.length === 0 ? html`<p class="about">${words.noDisks}</p>` : nothing}
      ${this.disks.map((disk, index) => this.#diskField(store, disk, index))}
      <div class="add">
        <button type="button" @click=${() => this.renderRoot.querySelector<HTMLInputElement>('.disk-file')?.click()}>
          ${icon('upload')}${words.take}
        </button>
        <input class="disk-file" type="file" aria-label=${words.takeLabel} @change=${(event: Event) => void this.#take(store, event)} />
        <button type="button" @click=${() => this.#add({ spec: { drive: 'disk', sizeMiB: this.#emptySize } })}>
          ${icon('plus')}${words.empty}
        </button>
        <select
          aria-label=${words.emptySize}
          @change=${(event: Event) => {
            this.#emptySize = Number(typedIn(event));
          }}
        >
          ${emptySizes.map((size) => html`<option value=${size} ?selected=${size === this.#emptySize}>${formatMemory(size * mebibyte)}</option>`)}
        </select>
      </div>
    </fieldset>`;
  }

  #diskField(store: Store, disk: WantedDisk, index: number) {
    const { spec, file, medium } = disk;
    const what = file?.name ?? spec.source?.name ?? formatMemory(spec.sizeMiB * mebibyte);
    const size = file ? formatBytes(file.size) : spec.source && !isMissing(store, disk) ? words.stored : '';
    return html`<div class="disk">
      <p>${words.drives[spec.drive]}: <strong>${what}</strong> ${size}</p>
      <button
        type="button"
        class="quiet icon"
        aria-label=${words.remove(what)}
        title=${words.remove(what)}
        @click=${() => {
          this.disks = this.disks.filter((_, at) => at !== index);
        }}
      >
        ${icon('remove')}
      </button>
      ${isMissing(store, disk) ? html`<p class="warning" role="alert">${words.missing(what)}</p>` : nothing}
      ${medium && !medium.bootable ? html`<p class="warning">${medium.wantsUefi ? words.wantsUefi : words.notBootable}</p>` : nothing}
    </div>`;
  }

  #bootField() {
    const kinds = this.#bootOrder();
    if (kinds.length < 2) return nothing;
    return html`<label class="field">
      <span>${words.first}</span>
      <select
        @change=${(event: Event) => {
          this.first = driveOrder.find((kind) => kind === typedIn(event));
        }}
      >
        ${driveOrder
          .filter((kind) => kinds.includes(kind))
          .map((kind) => html`<option value=${kind} ?selected=${kind === kinds[0]}>${words.drives[kind]}</option>`)}
      </select>
    </label>`;
  }

  #networkField(store: Store) {
    const chosen = this.networks[0]?.network ?? '';
    return html`<label class="field">
      <span>${words.network}</span>
      <select
        @change=${(event: Event) => {
          const network = typedIn(event);
          this.networks = network === '' ? [] : [{ network }];
        }}
      >
        ${networkOptions(store, chosen)}
        <option value="" ?selected=${chosen === ''}>${words.noNetwork}</option>
      </select>
    </label>`;
  }

  #modelField() {
    return html`<label class="field">
      <span>${words.model}</span>
      <select
        @change=${(event: Event) => {
          this.devices = typedIn(event) === 'virtio' ? 'virtio' : 'emulated';
        }}
      >
        ${(['emulated', 'virtio'] as const).map((model) => html`<option value=${model} ?selected=${model === this.devices}>${words.models[model]}</option>`)}
      </select>
    </label>`;
  }

  /** Storing disks takes long, which its task tells of: what can be wrong with the rest has been looked at by then. */
  protected override submit(store: Store): boolean {
    const name = this.name.trim();
    const draft: LaunchDraft = {
      kind: 'vm',
      memoryMiB: countIn(this.memory, memoryLimits),
      devices: this.devices,
      containerHost: false,
      firmware: { boot: this.#bootOrder() },
      disks: this.disks.map(({ spec }) => spec),
      nics: this.networks,
      ...(name !== '' && { name }),
    };
    store.launches.machine(
      draft,
      this.disks.map(({ file }) => file && { name: file.name, content: file }),
    );
    return true;
  }

  #fillIn({ name, memoryMiB, devices, nics, disks, firmware }: VmProfile): void {
    this.name = name;
    this.memory = String(memoryMiB);
    this.devices = devices;
    this.networks = nics;
    this.disks = disks.map((spec) => ({ spec: { ...spec, drive: spec.drive ?? 'disk' } }));
    this.first = firmware.boot[0];
  }

  /** A file takes the place of one that a profile names and that is not here. */
  async #take(store: Store, event: Event): Promise<void> {
    const [file] = filesOf(event);
    const medium = file && (await (await store.parts.intake.get())?.recognizeDisk(file));
    if (!file || !medium) return;
    const disk = { spec: specOf(file, medium), file, medium };
    const place = this.disks.findIndex((each) => isMissing(store, each) && each.spec.source?.sizeBytes === file.size);
    if (place < 0) this.#add(disk);
    else this.disks = this.disks.map((each, at) => (at === place ? { ...each, file, medium } : each));
  }

  #add(disk: WantedDisk): void {
    this.disks = [...this.disks, disk];
    this.first ??= disk.medium?.bootable ? disk.spec.drive : undefined;
  }

  #missing(store: Store): WantedDisk | undefined {
    return this.disks.find((disk) => isMissing(store, disk));
  }

  /** The kinds there are; the chosen one first. */
  #bootOrder(): readonly DriveKind[] {
    const kinds = driveOrder.filter((kind) => this.disks.some(({ spec }) => spec.drive === kind));
    return [...kinds].sort((a, b) => Number(b === this.first) - Number(a === this.first));
  }
}

function specOf(file: File, { drive }: DiskMedium): WantedDisk['spec'] {
  return { drive, sizeMiB: mediumSizeMiB(drive, file.size) };
}

function isMissing(store: Store, { spec, file }: WantedDisk): boolean {
  return spec.source !== undefined && !file && !store.launches.hasDisk(spec.source);
}

define('strata-machine-dialog', MachineDialog);
