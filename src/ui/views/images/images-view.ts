import { html, nothing } from 'lit';
import type { Digest } from '../../../api/content-store';
import type { SignatureState } from '../../../api/distribution';
import type { ImageSummary } from '../../../api/image-summary';
import type { LayerIndex } from '../../../api/layer';
import { formatBytes } from '../../../base/bytes';
import { icon, iconStyles } from '../../elements/icon/icon';
import { type MenuItem, requestMenu } from '../../elements/menu/menu';
import { formatDate } from '../../format';
import type { ImageShelf, PullLines } from '../../images/image-shelf';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles, tableStyles, viewStyles } from '../../styles/base';
import { imageText } from '../../text/images';
import { imagesViewStyles } from './images-view.styles';
import './layer-explorer';
import { type ChangeNode, layerTree, unionTree } from './layer-tree';
import './offline-panel';

type ImageAction = keyof typeof imageText.actions;

const actions: readonly (MenuItem & { readonly id: ImageAction })[] = [
  { id: 'run', icon: 'start', ...imageText.actions.run },
  { id: 'docker', icon: 'download', ...imageText.actions.docker },
  { id: 'oci', icon: 'download', ...imageText.actions.oci },
  { id: 'signature', icon: 'search', ...imageText.actions.signature },
  { id: 'remove', icon: 'remove', ...imageText.actions.remove },
];

/** A layer of the image that is looked into, or all of them. */
interface ShownLayer {
  readonly name: string;
  readonly createdBy: string;
  readonly cost: string;
  /** What the tree is called. */
  readonly label: string;
  readonly tree: ChangeNode;
}

/** The images with what they take up, pulls that go on, and a look into the layers of one. */
export class ImagesView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    shelf: { state: true },
    current: { state: true },
    layers: { state: true },
    shownLayer: { state: true },
  };
  declare store: Store | undefined;
  declare private shelf: ImageShelf | undefined;
  /** The image that is looked into. */
  declare private current: Digest | undefined;
  declare private layers: readonly ShownLayer[];
  declare private shownLayer: number;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    fieldStyles,
    tableStyles,
    viewStyles,
    imagesViewStyles,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
    this.current = undefined;
    this.layers = [];
    this.shownLayer = 0;
  }

  override render() {
    const { shelf } = this;
    return html`
      ${this.#top(shelf)}
      ${shelf ? html`${shelf.pulls.value.map((pull) => this.#pull(pull))} ${this.#loads()} ${this.#list(shelf)} ${this.#details(shelf)} ${shelf.offline ? html`<strata-offline-panel .shelf=${shelf.offline}></strata-offline-panel>` : nothing}` : nothing}
    `;
  }

  protected override updated(): void {
    if (this.store && !this.shelf) void this.#open(this.store);
  }

  async #open(store: Store): Promise<void> {
    const shelf = await store.parts.images.get();
    if (this.store === store) this.shelf = shelf;
  }

  #top(shelf: ImageShelf | undefined) {
    return html`<div class="top">
      <h2>${imageText.heading}</h2>
      <form @submit=${(event: SubmitEvent) => this.#submitPull(event)}>
        <input name="image" required autocomplete="off" spellcheck="false" aria-label=${imageText.pullLabel} placeholder=${imageText.pullPlace} />
        <button class="filled" ?disabled=${!shelf}>${icon('download')}${imageText.pull}</button>
      </form>
      <div class="buttons">
        ${this.#fileButton('load', imageText.load, imageText.loadHint, (file) => shelf?.load(file))}
        ${this.#fileButton('import', imageText.import, imageText.importHint, (file) => shelf?.import(file))}
        <button title=${imageText.policy.hint} @click=${() => this.store?.ask({ kind: 'signatures' })}>${icon('edit')}${imageText.policy.open}</button>
        <button title=${imageText.pruneHint} ?disabled=${!shelf} @click=${() => shelf?.prune()}>${icon('remove')}${imageText.prune}</button>
      </div>
    </div>`;
  }

  #fileButton(id: string, label: string, hint: string, bring: (file: File) => void) {
    const chosen = ({ target }: Event): void => {
      const field = target as HTMLInputElement;
      const [file] = field.files ?? [];
      field.value = '';
      if (file) bring(file);
    };
    return html`<button title=${hint} @click=${() => this.renderRoot.querySelector<HTMLInputElement>(`#${id}`)?.click()}>${icon('upload')}${label}</button>
      <input id=${id} type="file" aria-label=${hint} @change=${chosen} />`;
  }

  #pull({ name, layers, warnings }: PullLines) {
    return html`<section class="panel" aria-label="${imageText.pull} ${name}">
      <header><h3>${imageText.pull} ${name}</h3>${this.#cancel('pull', name)}</header>
      <div class="pull">
        ${layers.map(
          ({ id, status, current, total }) => html`
            <span class="mono">${id}</span>
            <span>${status}</span>
            <progress aria-label="${id} ${status}" max=${total ?? 1} value=${current ?? (status === 'Pull complete' || status === 'Already exists' ? (total ?? 1) : 0)}></progress>
            <span class="facts">${current !== undefined && total !== undefined ? `${formatBytes(current)} / ${formatBytes(total)}` : nothing}</span>
          `,
        )}
      </div>
      ${warnings.map((warning) => html`<p class="warning">${warning}</p>`)}
    </section>`;
  }

  /** Files that are taken in. */
  #loads() {
    const running = this.#tasks.filter(({ kind }) => kind === 'load');
    return running.map(({ subject, phases }) => {
      const { name = '', done, total } = phases.at(-1) ?? {};
      return html`<section class="panel" aria-label="${imageText.load} ${subject}">
        <header><h3>${imageText.load} ${subject}</h3>${this.#cancel('load', subject)}</header>
        <div class="load">
          <span>${name}</span>
          <progress aria-label=${imageText.working(name, subject)} max=${total ?? nothing} value=${total === undefined ? nothing : (done ?? 0)}></progress>
          <span class="facts">${done === undefined ? nothing : total === undefined ? formatBytes(done) : `${formatBytes(done)} / ${formatBytes(total)}`}</span>
        </div>
      </section>`;
    });
  }

  #cancel(kind: 'pull' | 'load', subject: string) {
    const task = this.#tasks.find((each) => each.kind === kind && each.subject === subject);
    if (!task?.cancelable) return nothing;
    return html`<button aria-label="${imageText.cancel} ${subject}" @click=${() => this.store?.cancel(task.id)}>${imageText.cancel}</button>`;
  }

  /** What goes on. */
  get #tasks() {
    return (this.store?.tasks.value ?? []).filter(({ state }) => state === 'running');
  }

  #list(shelf: ImageShelf) {
    const images = shelf.images.value;
    const { columns } = imageText;
    return html`<section class="panel">
      <header>${this.#usage(shelf)}</header>
      ${
        images.length === 0
          ? html`<div class="none"><p>${imageText.none}</p><p>${imageText.noneDetail}</p></div>`
          : html`<div class="scroll cards" tabindex="0" role="region" aria-label=${imageText.table}>
              <table>
                <thead>
                  <tr>
                    <th scope="col">${columns.name}</th>
                    <th scope="col">${columns.platform}</th>
                    <th scope="col">${columns.created}</th>
                    <th scope="col" class="number">${columns.size}</th>
                    <th scope="col" class="number">${columns.unique}</th>
                    <th scope="col">${columns.users}</th>
                    <th><span class="unseen">${imageText.more('')}</span></th>
                  </tr>
                </thead>
                <tbody>
                  ${images.map((image) => this.#row(shelf, image))}
                </tbody>
              </table>
            </div>`
      }
    </section>`;
  }

  #usage({ usage, quota }: ImageShelf) {
    const now = usage.value;
    if (!now) return nothing;
    const used = now.layers.received + now.layers.unpacked;
    const { images, layers } = now;
    const words = imageText.usage;
    return html`<div class="usage" role="group" aria-label=${words.label}>
      <span>${words.images(images.count, images.active)}</span>
      <span>${words.received(layers.received)}</span>
      <span>${words.unpacked(layers.unpacked)}</span>
      <span>${words.reclaimable(images.reclaimable)}</span>
      ${
        quota.value === undefined
          ? nothing
          : html`<meter min="0" max=${quota.value} value=${used} aria-label=${words.of(used, quota.value)} title=${words.of(used, quota.value)}></meter>`
      }
    </div>`;
  }

  #row(shelf: ImageShelf, image: ImageSummary) {
    const { id, references, variants, size, users } = image;
    const name = nameOf(image);
    const [best] = variants;
    const { columns } = imageText;
    const created = best?.created === undefined ? undefined : Date.parse(best.created);
    return html`<tr aria-selected=${id === this.current}>
      <th scope="row">
        <button class="name" aria-pressed=${id === this.current} @click=${() => void this.#show(shelf, image)}>
          ${references.length > 0 ? references.join(', ') : imageText.unnamed}
        </button>
        ${signatureBadge(shelf.signatures.value.get(id))}
      </th>
      <td>${variants.map(({ platform }) => `${platform.os}/${platform.architecture}`).join(', ')}</td>
      <td>${created === undefined || Number.isNaN(created) ? nothing : formatDate(created)}</td>
      <td class="number" data-label=${columns.size}>${formatBytes(size.total)}</td>
      <td class="number" data-label=${columns.unique}>${formatBytes(size.unique)}</td>
      <td class="users" data-label=${columns.users}>${users.length === 0 ? html`<span class="muted">${imageText.noUsers}</span>` : users.map((user) => user.name).join(', ')}</td>
      <td>
        <button class="quiet icon" aria-label=${imageText.more(name)} title=${imageText.more(name)} @click=${(event: Event) => this.#menu(shelf, image, event)}>
          ${icon('more')}
        </button>
      </td>
    </tr>`;
  }

  #menu(shelf: ImageShelf, image: ImageSummary, event: Event): void {
    const back = event.currentTarget as HTMLElement;
    const name = nameOf(image);
    const acts: Readonly<Record<ImageAction, () => void>> = {
      run: () => shelf.run(name),
      docker: () => shelf.save(name, 'docker-archive'),
      oci: () => shelf.save(name, 'oci-archive'),
      signature: () => shelf.checkSignature(name),
      remove: () => shelf.remove(name),
    };
    requestMenu(this, {
      label: imageText.more(name),
      items: actions,
      place: back.getBoundingClientRect(),
      back,
      pick: (picked) => acts[picked as ImageAction](),
    });
  }

  #details(shelf: ImageShelf) {
    const image = shelf.images.value.find(({ id }) => id === this.current);
    const shown = this.layers[this.shownLayer];
    if (!image || !shown) return nothing;
    return html`<section class="panel" aria-label=${imageText.details(nameOf(image))}>
      <header>
        <h3>${imageText.details(nameOf(image))}</h3>
        <form @submit=${(event: SubmitEvent) => this.#submitTag(shelf, image, event)}>
          <input name="tag" required autocomplete="off" spellcheck="false" aria-label=${imageText.tag} placeholder=${imageText.tagPlace} />
          <button>${imageText.setTag}</button>
        </form>
      </header>
      <div class="layers">
        <ol>
          ${this.layers.map(
            ({ name, cost, createdBy }, at) => html`<li>
              <button aria-pressed=${at === this.shownLayer} @click=${() => this.#showLayer(at)}>
                <span>${name} <span class="facts">${cost}</span></span>
                <span class="made">${createdBy}</span>
              </button>
            </li>`,
          )}
        </ol>
        <strata-layer-explorer .root=${shown.tree} .label=${shown.label}></strata-layer-explorer>
      </div>
    </section>`;
  }

  async #show(shelf: ImageShelf, image: ImageSummary): Promise<void> {
    this.current = image.id;
    this.layers = [];
    this.shownLayer = 0;
    try {
      const layers = await shelf.layers(image.id);
      if (this.current !== image.id) return;
      this.layers = shownLayers(layers);
    } catch (error) {
      this.store?.report(imageText.notShown(nameOf(image)), error);
    }
  }

  #showLayer(at: number): void {
    this.shownLayer = at;
  }

  #submitPull(event: SubmitEvent): void {
    const name = takeField(event);
    if (name !== '') this.shelf?.pull(name);
  }

  #submitTag(shelf: ImageShelf, image: ImageSummary, event: SubmitEvent): void {
    const reference = takeField(event);
    if (reference !== '') shelf.tag(image.id, reference);
  }
}

/** All layers together, where there are several, and then each. */
function shownLayers(layers: readonly { readonly index: LayerIndex; readonly createdBy: string }[]): ShownLayer[] {
  const indexes = layers.map(({ index }) => index);
  const each = layers.map(({ createdBy }, at): ShownLayer => {
    const [name, tree] = [imageText.layer(at + 1), layerTree(indexes.slice(0, at + 1))];
    return { name, createdBy, cost: imageText.layerCost(tree.count, tree.size), label: imageText.tree(name), tree };
  });
  if (layers.length < 2) return each;
  const tree = unionTree(indexes);
  const all: ShownLayer = {
    name: imageText.union,
    createdBy: imageText.unionMade,
    cost: imageText.unionCost(tree.count, tree.size),
    label: imageText.unionTree,
    tree,
  };
  return [all, ...each];
}

/** What the field of a form says, which is empty after that. */
function takeField(event: SubmitEvent): string {
  event.preventDefault();
  const field = (event.target as HTMLFormElement).querySelector('input');
  const value = field?.value.trim() ?? '';
  if (field) field.value = '';
  return value;
}

/** A name that leads to it. */
function nameOf({ references, id }: ImageSummary): string {
  return references[0] ?? id;
}

function signatureBadge(state: SignatureState | undefined) {
  if (!state || state.kind === 'unchecked') return nothing;
  const { label, detail } = imageText.signatures[state.kind];
  const title = state.kind === 'invalid' ? state.reason : detail;
  return html`<span class="badge ${state.kind}" title=${title}>${icon(state.kind === 'signed' ? 'done' : 'failed')}${label}</span>`;
}

define('strata-images-view', ImagesView);
