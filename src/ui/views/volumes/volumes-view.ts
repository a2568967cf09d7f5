import { css, html, nothing } from 'lit';
import type { VolumeId, VolumeSnapshot, VolumeStatus } from '../../../api/volume';
import { formatBytes } from '../../../base/bytes';
import { isLive } from '../../../runtime/instance-state';
import { icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/inline-edit/inline-edit';
import { type MenuItem, requestMenu } from '../../elements/menu/menu';
import { formatDateTime, formatMemory } from '../../format';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles, tableStyles, viewStyles } from '../../styles/base';
import { volumeText } from '../../text/volumes';
import type { VolumeShelf } from '../../volumes/volume-shelf';

const { actions, columns } = volumeText;
const mebibyte = 1024 * 1024;

/** What leaves a volume, or a snapshot of one, as it is. */
const copies: readonly MenuItem[] = [
  { id: 'clone', icon: 'clone', ...actions.clone },
  { id: 'raw', icon: 'download', ...actions.raw },
  { id: 'gzip', icon: 'download', ...actions.gzip },
  { id: 'tar', icon: 'download', ...actions.tar },
];

const snapshotItems: readonly MenuItem[] = [
  { id: 'revert', icon: 'reset', ...actions.revert, danger: true },
  ...copies,
  { id: 'delete', icon: 'remove', ...actions.delete, danger: true },
];

/** The volumes with what they take up and who has them, and the snapshots of one. */
export class VolumesView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    shelf: { state: true },
    current: { state: true },
  };
  declare store: Store | undefined;
  declare private shelf: VolumeShelf | undefined;
  /** The volume whose snapshots are shown. */
  declare private current: VolumeId | undefined;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    fieldStyles,
    tableStyles,
    viewStyles,
    css`
      .panel {
        margin-bottom: var(--s2);
      }
      .panel > header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--s1) var(--s2);
        padding: 12px var(--s2);
        border-bottom: 1px solid var(--line);
      }
      form {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
      }
      form input {
        flex: 1 1 180px;
      }
      input[type='file'] {
        display: none;
      }
      tbody tr[aria-selected='true'] {
        background: var(--selected);
      }
      th button.name {
        padding: 0;
        border: 0;
        background: none;
        font-weight: 600;
      }
      li {
        display: flex;
        align-items: center;
        gap: var(--s1);
        padding: var(--s0) var(--s2);
        border-bottom: 1px solid var(--line);
        font-size: var(--t1);
      }
      li button {
        margin-left: auto;
      }
      .hint {
        padding: var(--s2);
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
    this.current = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Guests have written since it was last looked at.
    this.shelf?.refresh();
  }

  override render() {
    const { store, shelf } = this;
    if (!store) return nothing;
    return html`
      <div class="top">
        <h2>${volumeText.heading}</h2>
        <div class="buttons">
          <button title=${volumeText.importHint} ?disabled=${!shelf} @click=${() => this.renderRoot.querySelector<HTMLInputElement>('#import')?.click()}>
            ${icon('upload')}${volumeText.import}
          </button>
          <input id="import" type="file" aria-label=${volumeText.importHint} @change=${this.#import} />
          <button class="filled" ?disabled=${!shelf} @click=${() => store.ask({ kind: 'new-volume' })}>${icon('plus')}${volumeText.create}</button>
        </div>
      </div>
      ${shelf ? html`${this.#list(store, shelf)} ${this.#details(store, shelf)}` : nothing}
    `;
  }

  protected override updated(): void {
    if (this.store && !this.shelf) void this.#open(this.store);
  }

  async #open(store: Store): Promise<void> {
    const shelf = await store.parts.volumes.get();
    if (this.store === store) this.shelf = shelf;
  }

  #list(store: Store, shelf: VolumeShelf) {
    const volumes = shelf.list.value;
    if (volumes.length === 0) {
      return html`<div class="panel none"><p>${volumeText.none}</p><p>${volumeText.noneDetail}</p></div>`;
    }
    return html`<section class="panel">
      <div class="scroll cards" tabindex="0" role="region" aria-label=${volumeText.table}>
        <table>
          <thead>
            <tr>
              <th scope="col">${columns.name}</th>
              <th scope="col" class="number">${columns.size}</th>
              <th scope="col" class="number">${columns.stored}</th>
              <th scope="col" class="number">${columns.shared}</th>
              <th scope="col">${columns.format}</th>
              <th scope="col">${columns.user}</th>
              <th scope="col" class="number">${columns.snapshots}</th>
              <th><span class="unseen">${volumeText.more('')}</span></th>
            </tr>
          </thead>
          <tbody>
            ${volumes.map((volume) => this.#row(store, shelf, volume))}
          </tbody>
        </table>
      </div>
    </section>`;
  }

  #row(store: Store, shelf: VolumeShelf, volume: VolumeStatus) {
    const { id, name, sizeMiB, storedBytes, sharedBytes, format, attachedTo, usedBy, snapshots } = volume;
    return html`<tr aria-selected=${id === this.current}>
      <th scope="row">
        <button
          class="name"
          aria-pressed=${id === this.current}
          @click=${() => {
            this.current = id;
          }}
        >
          ${name}
        </button>
      </th>
      <td class="number" data-label=${columns.size}>${formatMemory(sizeMiB * mebibyte)}</td>
      <td class="number" data-label=${columns.stored}>${formatBytes(storedBytes)}</td>
      <td class="number" data-label=${columns.shared}>${formatBytes(sharedBytes)}</td>
      <td>${volumeText.formats[format ?? 'none']}</td>
      <td data-label=${columns.user}>${attachedTo?.name ?? usedBy ?? html`<span class="muted">${volumeText.nobody}</span>`}</td>
      <td class="number" data-label=${columns.snapshots}>${snapshots.length}</td>
      <td>${this.#moreButton(volumeText.more(name), (event) => this.#menu(store, shelf, volume, event))}</td>
    </tr>`;
  }

  #moreButton(label: string, open: (event: Event) => void) {
    return html`<button class="quiet icon" aria-label=${label} title=${label} @click=${open}>${icon('more')}</button>`;
  }

  #details(store: Store, shelf: VolumeShelf) {
    const volume = shelf.list.value.find(({ id }) => id === this.current);
    if (!volume) return nothing;
    const { id, name, snapshots } = volume;
    return html`<section class="panel" aria-label=${volumeText.details(name)}>
      <header>
        <h3>
          <strata-inline-edit
            .value=${name}
            .label=${volumeText.nameLabel}
            .edit=${volumeText.rename}
            @change-text=${(event: CustomEvent<string>) => shelf.rename(id, event.detail)}
          ></strata-inline-edit>
        </h3>
        <form @submit=${(event: SubmitEvent) => this.#snapshot(shelf, id, event)}>
          <input
            name="snapshot"
            required
            maxlength="120"
            autocomplete="off"
            aria-label=${volumeText.snapshotName}
            placeholder=${volumeText.snapshotPlace}
          />
          <button>${icon('snapshot')}${volumeText.take}</button>
        </form>
      </header>
      ${
        snapshots.length === 0
          ? html`<p class="hint">${volumeText.noSnapshots}</p>`
          : html`<ol>
              ${snapshots.map((snapshot) => this.#snapshotLine(store, shelf, volume, snapshot))}
            </ol>`
      }
    </section>`;
  }

  #snapshotLine(store: Store, shelf: VolumeShelf, volume: VolumeStatus, snapshot: VolumeSnapshot) {
    const { name, createdAt } = snapshot;
    return html`<li>
      <strong>${name}</strong>
      <span class="muted">${volumeText.created(formatDateTime(createdAt))}</span>
      ${this.#moreButton(volumeText.moreSnapshot(name), (event) => this.#snapshotMenu(store, shelf, volume, snapshot, event))}
    </li>`;
  }

  #menu(store: Store, shelf: VolumeShelf, volume: VolumeStatus, event: Event): void {
    const { id, name, attachedTo, usedBy } = volume;
    const takers = store.instances.value.filter(
      ({ spec, state }) => spec.kind === 'vm' && spec.firmware === undefined && !isLive(state.phase),
    );
    const items: readonly MenuItem[] = [
      ...copies,
      ...(attachedTo
        ? [{ id: 'detach', icon: 'close' as const, ...actions.detach }]
        : (usedBy === undefined ? takers : []).map((taker) => ({
            id: `attach ${taker.id}`,
            icon: 'machine' as const,
            label: volumeText.attach(taker.name),
            detail: volumeText.attachDetail,
          }))),
      { id: 'remove', icon: 'remove', ...actions.remove, danger: true },
    ];
    this.#openMenu(volumeText.more(name), items, event, (picked) => {
      if (picked === 'clone') shelf.clone(id);
      else if (picked === 'raw' || picked === 'gzip' || picked === 'tar') shelf.export(id, picked);
      else if (picked === 'detach') shelf.detach(id);
      else if (picked === 'remove') {
        const run = (): void => shelf.remove(id);
        const [title, body] = [volumeText.removeTitle(name), volumeText.removeBody];
        store.ask({ kind: 'confirm', title, body, action: actions.remove.label, run });
      } else shelf.attach(id, picked.slice('attach '.length));
    });
  }

  #snapshotMenu(
    store: Store,
    shelf: VolumeShelf,
    { id, name: volume }: VolumeStatus,
    { generation, name }: VolumeSnapshot,
    event: Event,
  ): void {
    this.#openMenu(volumeText.moreSnapshot(name), snapshotItems, event, (picked) => {
      if (picked === 'clone') shelf.clone(id, generation);
      else if (picked === 'delete') shelf.deleteSnapshot(id, generation);
      else if (picked === 'revert') {
        const run = (): void => shelf.revert(id, generation);
        const [title, body] = [volumeText.revertTitle(volume, name), volumeText.revertBody];
        store.ask({ kind: 'confirm', title, body, action: actions.revert.label, run });
      } else if (picked === 'raw' || picked === 'gzip' || picked === 'tar') shelf.export(id, picked, generation);
    });
  }

  #openMenu(label: string, items: readonly MenuItem[], event: Event, pick: (picked: string) => void): void {
    const back = event.currentTarget as HTMLElement;
    requestMenu(this, { label, items, place: back.getBoundingClientRect(), back, pick });
  }

  #snapshot(shelf: VolumeShelf, id: VolumeId, event: SubmitEvent): void {
    event.preventDefault();
    const field = (event.target as HTMLFormElement).querySelector('input');
    const name = field?.value.trim() ?? '';
    if (field) field.value = '';
    if (name !== '') shelf.snapshot(id, name);
  }

  readonly #import = ({ target }: Event): void => {
    if (!(target instanceof HTMLInputElement)) return;
    const [file] = target.files ?? [];
    if (file) this.shelf?.import(file);
    // So that the same file can be chosen again.
    target.value = '';
  };
}

define('strata-volumes-view', VolumesView);
