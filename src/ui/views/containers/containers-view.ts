import { css, html, nothing } from 'lit';
import type { ContainerSummary } from '../../../api/container';
import { formatBytes } from '../../../base/bytes';
import type { Disposable } from '../../../base/lifecycle';
import { containerName, containerPorts } from '../../containers/container-actions';
import { actOnContainer, wholeContainerMenu } from '../../containers/container-menu';
import type { ContainerShelf } from '../../containers/container-shelf';
import { icon, iconStyles } from '../../elements/icon/icon';
import { isMenuKey, requestMenu } from '../../elements/menu/menu';
import { rovingIndex } from '../../elements/roving';
import { formatShare } from '../../format';
import { formatRoute } from '../../route';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, tableStyles, viewStyles } from '../../styles/base';
import { containerText } from '../../text/containers';
import { containerState } from './container-state';
import { containerStyles } from './container-styles';
import './container-view';

/** How old what is said of times may be. */
const refreshMs = 5000;

/** The containers with what they use, and one of them when the address names it. */
export class ContainersView extends StrataElement {
  static override properties = { store: { attribute: false }, scheme: { attribute: false }, shelf: { state: true } };
  declare store: Store | undefined;
  declare scheme: 'light' | 'dark';
  declare private shelf: ContainerShelf | undefined;
  #watching: Disposable | undefined;
  #refreshedAt = 0;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    tableStyles,
    viewStyles,
    containerStyles,
    css`
      :host(.one) {
        display: flex;
        flex-direction: column;
        padding: 0;
        overflow: hidden;
      }
      td.image {
        max-width: 260px;
        overflow: hidden;
        text-overflow: ellipsis;
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.scheme = 'dark';
    this.shelf = undefined;
  }

  override render() {
    const { store, shelf } = this;
    if (!store || !shelf) return nothing;
    this.#refresh(store.now.value, shelf);
    const route = store.route.value;
    const one = route.view === 'container';
    this.classList.toggle('one', one);
    if (one)
      return html`<strata-container-view .store=${store} .shelf=${shelf} .container=${route.id} .tab=${route.tab} .scheme=${this.scheme}></strata-container-view>`;
    return html`
      <div class="top">
        <h2 tabindex="-1">${containerText.heading}</h2>
        <div class="buttons">
          <button class="filled" @click=${() => store.ask({ kind: 'new-container' })}>${icon('start')}${containerText.run}</button>
        </div>
      </div>
      <section class="panel">${this.#list(store, shelf)}</section>
    `;
  }

  protected override updated(): void {
    if (this.store && !this.shelf) void this.#open(this.store);
    if (this.shelf) this.#watching ??= this.shelf.watch();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#watching?.dispose();
    this.#watching = undefined;
  }

  /** With the page's clock, which stands while nobody sees the page. */
  #refresh(now: number, shelf: ContainerShelf): void {
    if (now - this.#refreshedAt < refreshMs) return;
    this.#refreshedAt = now;
    // Its host may be gone just now, which the list tells by itself.
    void shelf.refresh().catch(() => {});
  }

  async #open(store: Store): Promise<void> {
    const shelf = await store.parts.containers.get();
    if (this.store === store) this.shelf = shelf;
  }

  #list(store: Store, shelf: ContainerShelf) {
    const containers = shelf.containers.value;
    const { columns } = containerText;
    if (containers.length === 0)
      return html`<div class="none"><p>${containerText.none}</p><p>${containerText.noneDetail}</p></div>`;
    return html`<div class="scroll cards" tabindex="0" role="region" aria-label=${containerText.table}>
      <table>
        <thead>
          <tr>
            <th scope="col">${columns.name}</th>
            <th scope="col">${columns.image}</th>
            <th scope="col">${columns.state}</th>
            <th scope="col">${columns.ports}</th>
            <th scope="col" class="number">${columns.cpu}</th>
            <th scope="col" class="number">${columns.memory}</th>
            <th><span class="unseen">${containerText.more('')}</span></th>
          </tr>
        </thead>
        <tbody @keydown=${this.#key}>
          ${containers.map((container) => this.#row(store, shelf, container))}
        </tbody>
      </table>
    </div>`;
  }

  #row(store: Store, shelf: ContainerShelf, container: ContainerSummary) {
    const name = containerName(container);
    const now = shelf.series.value.get(container.Id)?.now;
    const { columns } = containerText;
    const ports = containerPorts(container);
    return html`<tr>
      <th scope="row"><a href=${formatRoute({ view: 'container', id: container.Id, tab: 'logs' })}>${name}</a></th>
      <td class="image" title=${container.Image}>${container.Image}</td>
      <td>${containerState(container)}</td>
      <td class="mono" data-label=${ports === '' ? nothing : columns.ports}>${ports}</td>
      <td class="number" data-label=${columns.cpu}>${now ? formatShare(now.cpu) : containerText.unknown}</td>
      <td class="number" data-label=${columns.memory}>${now ? formatBytes(now.memoryBytes) : containerText.unknown}</td>
      <td>
        <button class="quiet icon" aria-label=${containerText.more(name)} title=${containerText.more(name)} @click=${(event: Event) => this.#menu(store, shelf, container, event)}>
          ${icon('more')}
        </button>
      </td>
    </tr>`;
  }

  /** Arrows move from name to name. */
  readonly #key = (event: KeyboardEvent): void => {
    const rows = [...this.renderRoot.querySelectorAll('tbody tr')];
    const at = rows.findIndex((row) => event.composedPath().includes(row));
    if (isMenuKey(event)) rows[at]?.querySelector('button')?.click();
    else {
      const next = rovingIndex(event.key, at, rows.length, 'vertical');
      if (next === undefined) return;
      rows[next]?.querySelector('a')?.focus();
    }
    event.preventDefault();
  };

  #menu(store: Store, shelf: ContainerShelf, container: ContainerSummary, event: Event): void {
    const back = event.currentTarget as HTMLElement;
    requestMenu(this, {
      label: containerText.more(containerName(container)),
      items: wholeContainerMenu(container),
      place: back.getBoundingClientRect(),
      back,
      pick: (picked) => actOnContainer(store, shelf, container, picked),
    });
  }
}

define('strata-containers-view', ContainersView);
