import { html, nothing } from 'lit';
import '../../elements/dock/dock';
import type { Dock } from '../../elements/dock/dock';
import { icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/menu/menu';
import type { Menu, MenuRequest } from '../../elements/menu/menu';
import type { PickEvent } from '../../elements/menu-button/menu-button';
import '../../elements/toast-list/toast-list';
import { formatRoute, parseRoute, type Route } from '../../route';
import type { Store } from '../../store';
import type { Toast } from '../../store/messages';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import type { DockSize } from '../../terminals/terminals';
import { text } from '../../text';
import { embedText } from '../../text/embed';
import { askedDialog } from '../app/asked-dialog';
import { allowDrop, takeDrop } from '../app/page-drop';
import { PageParts } from '../app/page-parts';
import { routedView } from '../app/routed-view';
import { frameViewStyles } from './frame-view.styles';

/**
 * A lab in a frame of somebody's page: its terminals, or the view that the page wants, and nothing around it but one line, which
 * goes when there is no room. The address is not ours to change, so links lead on in here.
 */
export class FrameView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    scheme: { attribute: false },
    home: { attribute: false },
    menu: { state: true },
  };
  declare store: Store | undefined;
  declare scheme: 'light' | 'dark';
  /** What the frame is for; whoever has gone on from there is led back. */
  declare home: Route | undefined;
  declare private menu: MenuRequest | undefined;

  static override styles = [baseStyles, buttonStyles, iconStyles, frameViewStyles];

  readonly #parts = new PageParts();
  #shown = '';

  constructor() {
    super();
    this.store = undefined;
    this.scheme = 'dark';
    this.home = undefined;
    this.menu = undefined;
    this.addEventListener('click', this.#follow);
    this.addEventListener('dragover', allowDrop);
    this.addEventListener('drop', (event) => takeDrop(event, this.store));
    this.addEventListener('menu', (event) => void this.#showMenu((event as CustomEvent<MenuRequest>).detail));
  }

  /** To the terminal, where there is one, or else to what is shown. */
  async goOn(): Promise<void> {
    await this.updateComplete;
    const dock = this.renderRoot.querySelector<Dock>('strata-dock:not([hidden])');
    if (dock) await dock.focusTerminal();
    else this.renderRoot.querySelector<HTMLElement>('main')?.focus();
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    const beside = store.route.value.view === 'lesson' && store.terminals.tabs.value.size > 0;
    const alone = isTerminal(store);
    const size: DockSize = beside || alone ? 'whole' : 'hidden';
    return html`
      <main tabindex="-1">
      <h1 class="unseen">${document.title}</h1>
      ${this.#line(store)}
      <div class="work ${beside ? 'beside' : ''}">
        ${alone ? nothing : html`<div class="view">${routedView(store, this.scheme, (event) => void store.launch(event.detail))}</div>`}
        <strata-dock
          class=${size}
          ?hidden=${size === 'hidden'}
          .store=${store}
          .scheme=${this.scheme}
          .size=${size}
          @used=${(event: CustomEvent<string | undefined>) => this.#used(store, event.detail)}
          @full=${() => store.announce(text.dock.limit(store.terminals.tabs.value.size))}
        ></strata-dock>
      </div>
      </main>
      ${askedDialog(store)}
      <strata-menu
        .label=${this.menu?.label ?? ''}
        .items=${this.menu?.items ?? []}
        @pick=${(event: PickEvent) => this.menu?.pick(event.detail)}
        @shut=${(event: CustomEvent<boolean>) => event.detail && this.menu?.back?.focus()}
      ></strata-menu>
      <strata-toast-list
        .toasts=${store.messages.toasts.value}
        @dismiss=${(event: CustomEvent<number>) => store.messages.dismiss(event.detail)}
        @undo=${(event: CustomEvent<Toast>) => undo(store, event.detail)}
      ></strata-toast-list>
      <div class="unseen" role="status">${store.messages.announcement.value}</div>
    `;
  }

  #line(store: Store) {
    const { home } = this;
    const { persistent, reason } = store.storage.value;
    const away = home && !isSamePlace(home, store.route.value);
    if (!away && persistent) return nothing;
    return html`<div class="line">
      ${away ? html`<button class="quiet" @click=${() => store.go(home)}>${embedText.back}</button>` : nothing}
      ${persistent ? nothing : html`<span class="facts" title=${(reason && text.storage.reason(reason)) ?? nothing}>${icon('failed')}${embedText.notSaved}</span>`}
    </div>`;
  }

  protected override updated(): void {
    const { store } = this;
    if (!store) return;
    const route = store.route.value;
    this.#parts.load(route.view, store);
    const kind = store.dialog.value?.kind;
    if (kind) this.#parts.load(kind, store);
    // A machine that comes into being after its route is shown then.
    const shown = `${formatRoute(route)} ${store.selected.value !== undefined}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (route.view === 'machine' && isTerminal(store)) store.terminals.showInstance(route.id);
  }

  /** The machine follows the terminal that is used. */
  #used(store: Store, instance: string | undefined): void {
    const route = store.route.value;
    if (!isTerminal(store) || route.view !== 'machine') return;
    if (instance !== undefined) store.go({ ...route, id: instance });
  }

  async #showMenu(request: MenuRequest): Promise<void> {
    this.menu = request;
    await this.updateComplete;
    await this.renderRoot.querySelector<Menu>('strata-menu')?.show(request.place);
  }

  readonly #follow = (event: MouseEvent): void => {
    const link = event.composedPath().find((each) => each instanceof HTMLAnchorElement);
    const to = link?.getAttribute('href');
    if (!to?.startsWith('#/')) return;
    event.preventDefault();
    this.store?.go(parseRoute(to));
  };
}

/** Whether a machine's terminal is all there is to see. */
function isTerminal({ route, selected }: Store): boolean {
  const shown = route.value;
  return shown.view === 'machine' && shown.tab === 'terminal' && selected.value !== undefined;
}

/** Terminals are one place, and so are the steps of a lesson. */
function isSamePlace(one: Route, other: Route): boolean {
  if (one.view !== other.view) return false;
  if (one.view === 'machine' && other.view === 'machine') return one.tab === other.tab;
  return one.view !== 'lesson' || (other.view === 'lesson' && one.id === other.id);
}

function undo(store: Store, { id, undo: act }: Toast): void {
  act?.();
  store.messages.dismiss(id);
}

define('strata-frame', FrameView);
