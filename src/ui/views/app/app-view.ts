import { html, nothing } from 'lit';
import { type Disposable, toDisposable } from '../../../base/lifecycle';
import type { InstanceDraft } from '../../../engine/instance-record';
import '../../elements/dock/dock';
import type { Dock } from '../../elements/dock/dock';
import { icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/instance-list/instance-list';
import '../../elements/menu/menu';
import type { Menu, MenuRequest } from '../../elements/menu/menu';
import type { PickEvent } from '../../elements/menu-button/menu-button';
import '../../elements/notice/notice';
import '../../elements/task-drawer/task-drawer';
import '../../elements/toast-list/toast-list';
import { forgetAddress, showAddress } from '../../page-address';
import { formatRoute, parseRoute, placeOf, type Route } from '../../route';
import type { Store } from '../../store';
import type { Toast } from '../../store/messages';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import type { DockSize, TerminalTab } from '../../terminals/terminals';
import { text } from '../../text';
import { actOn, instanceMenu } from '../instance/instance-actions';
import '../strata/strata-nav';
import { appViewStyles } from './app-view.styles';
import { askedDialog } from './asked-dialog';
import { allowDrop, takeDrop } from './page-drop';
import { pageHeader } from './page-header';
import { pressPageKey } from './page-keys';
import { loadAllParts, PageParts } from './page-parts';
import { routedView } from './routed-view';

/** When the parts that no first prompt needs are fetched, milliseconds after the page has come. */
const preloadMs = 4000;

/** The whole page: header, navigation, the view of the address, the dock of terminals, tasks and messages. */
export class AppView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    scheme: { attribute: false },
    filled: { state: true },
    menu: { state: true },
  };
  declare store: Store | undefined;
  declare scheme: 'light' | 'dark';
  /** Whether the dock has the room of the view. */
  declare private filled: boolean;
  declare private menu: MenuRequest | undefined;

  static override styles = [baseStyles, buttonStyles, iconStyles, appViewStyles];

  /** The route that was shown last, to see when it changes. */
  #shown = '';
  /** The address behind the dialog that is shown. */
  #behind: string | undefined;
  /** What the title was made of. */
  #titled = '';
  readonly #parts = new PageParts();
  #seen: Disposable | undefined;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.store = undefined;
    this.scheme = 'dark';
    this.filled = false;
    this.menu = undefined;
    this.addEventListener('dragover', allowDrop);
    this.addEventListener('drop', (event) => takeDrop(event, this.store));
    this.addEventListener('menu', (event) => void this.#showMenu((event as CustomEvent<MenuRequest>).detail));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('hashchange', this.#readHash);
    window.addEventListener('online', this.#readOnline);
    window.addEventListener('offline', this.#readOnline);
    window.addEventListener('keydown', this.#key);
    this.#readHash();
    this.#readOnline();
    this.#later = setTimeout(() => loadAllParts(this.store), preloadMs);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('hashchange', this.#readHash);
    window.removeEventListener('online', this.#readOnline);
    window.removeEventListener('offline', this.#readOnline);
    window.removeEventListener('keydown', this.#key);
    clearTimeout(this.#later);
    this.#seen?.dispose();
    this.#seen = undefined;
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    const { persistent, reason } = store.storage.value;
    const owner = store.ownership.value.state === 'owner';
    return html`
      <div class="page">
      ${pageHeader(store, owner, { launch: this.#launch, skip: this.#skip })}
      ${persistent ? nothing : html`<strata-notice .label=${text.storage.label} .message=${text.storage.memory} .reason=${reason && text.storage.reason(reason)}></strata-notice>`}
      ${store.online.value ? nothing : html`<strata-notice .label=${text.offlineLabel} .message=${text.offline}></strata-notice>`}
      ${this.#newVersion(store)}
      ${owner ? this.#lab(store) : html`<main tabindex="-1"><strata-ownership .ownership=${store.ownership.value}></strata-ownership></main>`}
      </div>
      ${owner ? this.#footer(store) : nothing}
      ${askedDialog(store)}
      <strata-menu
        .label=${this.menu?.label ?? ''}
        .items=${this.menu?.items ?? []}
        @pick=${(event: PickEvent) => this.menu?.pick(event.detail)}
        @shut=${(event: CustomEvent<boolean>) => event.detail && this.menu?.back?.focus()}
      ></strata-menu>
      <div class="unseen" role="status">${store.messages.announcement.value}</div>
    `;
  }

  #lab(store: Store) {
    return html`
      <div class="panes">
        ${this.#nav(store)}
        <div class="work ${this.#isBeside(store) ? 'beside' : ''}">
          <main tabindex="-1" class=${this.#dockSize(store) === 'whole' && !this.#isBeside(store) ? 'short' : ''}>
            ${this.#lectureTerms(store)}${routedView(store, this.scheme, (event) => this.#launch(event.detail))}
          </main>
          ${this.#dock(store)}
        </div>
      </div>
    `;
  }

  /** Never by itself: what runs is somebody's work. */
  #newVersion({ newVersion }: Store) {
    const { newVersion: words } = text;
    const waiting = newVersion.value;
    return waiting
      ? html`<strata-notice .label=${words.label} .message=${words.message} .action=${words.begin} @act=${() => waiting.begin()}></strata-notice>`
      : nothing;
  }

  #nav(store: Store) {
    const instances = store.instances.value;
    return html`<strata-nav .store=${store}>
      ${
        instances.length === 0
          ? nothing
          : html`<strata-instance-list
              .instances=${instances}
              .stats=${store.stats.value}
              .selectedId=${store.selected.value?.id}
              .now=${store.now.value}
              @pick=${(event: CustomEvent<string>) => store.select(event.detail)}
              @row-menu=${(event: CustomEvent<{ id: string; place: DOMRect; back: HTMLElement }>) => this.#rowMenu(store, event.detail)}
            ></strata-instance-list>`
      }
    </strata-nav>`;
  }

  #lectureTerms(store: Store) {
    if (!store.settings.values.value.lecture || this.#dockSize(store) === 'whole') return nothing;
    return html`<strata-lecture-terms .place=${placeOf(store.route.value)}></strata-lecture-terms>`;
  }

  /** The terminals have the whole room where a machine's terminal is the view, or where a person wants it. */
  #dockSize(store: Store): DockSize {
    const route = store.route.value;
    if (route.view === 'machine' && route.tab === 'terminal' && store.selected.value) return 'whole';
    if (this.#isBeside(store)) return 'whole';
    if (!store.terminals.open.value || store.terminals.tabs.value.size === 0) return 'hidden';
    return 'part';
  }

  /** A lesson has its terminals at its side. */
  #isBeside({ route, terminals }: Store): boolean {
    return route.value.view === 'lesson' && terminals.tabs.value.size > 0;
  }

  #dock(store: Store) {
    const size = this.#dockSize(store);
    return html`<strata-dock
      class=${size}
      ?hidden=${size === 'hidden'}
      .store=${store}
      .scheme=${this.scheme}
      .size=${size}
      @size=${(event: CustomEvent<DockSize>) => this.#resize(store, event.detail)}
      @used=${(event: CustomEvent<string | undefined>) => this.#used(store, event.detail)}
      @full=${() => store.announce(text.dock.limit(store.terminals.tabs.value.size))}
    ></strata-dock>`;
  }

  #footer(store: Store) {
    const open = this.#dockSize(store) !== 'hidden';
    const whole = this.#dockSize(store) === 'whole';
    return html`<footer class=${whole && !store.tasksOpen.value ? 'whole' : ''}>
      <strata-task-drawer
        .tasks=${store.tasks.value}
        .open=${store.tasksOpen.value}
        .now=${store.now.value}
        @toggle=${() => store.showTasks(!store.tasksOpen.value)}
        @stop-task=${(event: CustomEvent<string>) => store.cancel(event.detail)}
      >
        ${
          whole || store.terminals.tabs.value.size === 0
            ? whole
              ? html`<span class="leave">${text.terminal.leave}</span>`
              : html`<button class="quiet" @click=${() => this.#openLabShell(store)}>${icon('terminal')}${text.dock.lab.open}</button>`
            : html`<button class="quiet" aria-pressed=${open} @click=${() => store.terminals.setOpen(!open)}>
                ${icon('terminal')}${text.dock.heading}
              </button>`
        }
      </strata-task-drawer>
      ${this.#toasts(store)}
    </footer>`;
  }

  #toasts(store: Store) {
    return html`<strata-toast-list
      .toasts=${store.messages.toasts.value}
      @dismiss=${(event: CustomEvent<number>) => store.messages.dismiss(event.detail)}
      @undo=${(event: CustomEvent<Toast>) => store.messages.undo(event.detail)}
    ></strata-toast-list>`;
  }

  protected override updated(): void {
    const { store } = this;
    if (!store) return;
    const page = this.renderRoot.querySelector<HTMLElement>('.page');
    if (page) this.#seen ??= this.#followSeen(page);
    store.messages.readBy(this.#readsMessages);
    const route = store.route.value;
    if (store.ownership.value.state !== 'owner') this.#parts.load('ownership', store);
    this.#parts.load(route.view, store);
    if (store.settings.values.value.lecture) this.#parts.load('lecture', store);
    const kind = store.dialog.value?.kind;
    if (kind) this.#parts.load(kind, store);
    const hash = formatRoute(route);
    this.#followDialog(kind !== undefined, route, hash);
    this.#setTitle(store, hash);
    // A machine that comes into being after its address was opened (a reload) is shown then.
    const shown = `${hash} ${store.selected.value !== undefined}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#writeHash(route, hash);
    if (route.view === 'machine' && route.tab === 'terminal' && store.selected.value)
      store.terminals.showInstance(route.id);
  }

  /** A dialog gives the focus back to where it came from; where that is gone, or what was shown has changed, it goes on there. */
  #followDialog(open: boolean, route: Route, hash: string): void {
    if (open) {
      this.#behind ??= hash;
      return;
    }
    if (this.#behind === undefined) return;
    const moved = this.#behind !== hash;
    this.#behind = undefined;
    if (moved && route.view === 'machine' && route.tab === 'terminal') void this.#focusTerminal();
    else if (document.activeElement === document.body) this.#skip();
  }

  /** The view of a container or a lesson knows its name, and says it after this. */
  #setTitle(store: Store, hash: string): void {
    const { selected, route } = store;
    const place = text.nav[placeOf(route.value)];
    const title = selected.value ? text.title(selected.value.name, place) : text.title(place);
    if (this.#titled === hash + title) return;
    this.#titled = hash + title;
    document.title = title;
  }

  #writeHash({ view }: Route, hash: string): void {
    if (asksForScenario(location)) {
      // Its question stands in that view; who goes elsewhere has answered it.
      if (view !== 'lab') forgetAddress(hash);
    } else if (formatRoute(parseRoute(location.hash)) !== hash) showAddress(hash);
  }

  /** No first prompt waits for it. */
  #followSeen(page: HTMLElement): Disposable {
    let seen: Disposable | undefined;
    let gone = false;
    // Without a network the page stays as high as it is.
    void import('./seen-height').then(
      ({ followSeen }) => {
        if (!gone) seen = followSeen(this, page);
      },
      () => {},
    );
    return toDisposable(() => {
      gone = true;
      seen?.dispose();
    });
  }

  /** Or sees nothing of the page. */
  readonly #readsMessages = (): boolean =>
    document.hidden || this.renderRoot.querySelector('strata-toast-list')?.matches(':hover, :focus-within') === true;

  readonly #launch = (draft: InstanceDraft): void => {
    void this.store?.launch(draft).then(() => this.#focusTerminal());
  };

  async #focusTerminal(): Promise<void> {
    await this.updateComplete;
    const dock = this.renderRoot.querySelector<Dock>('strata-dock');
    await dock?.focusTerminal();
  }

  #resize(store: Store, size: DockSize): void {
    const active = store.terminals.active;
    if (size === 'hidden') store.terminals.setOpen(false);
    else if (size === 'whole' && active) this.#enlarge(store, active);
  }

  /** The whole room is the view of what the terminal is of; a shell of the lab has none, and gets as much as a part can. */
  #enlarge(store: Store, { instance, container, kind }: TerminalTab): void {
    if (container)
      store.go({ view: 'container', id: container.id, tab: kind === 'container-logs' ? 'logs' : 'terminal' });
    else if (instance === '') store.terminals.setHeight(window.innerHeight);
    else store.go({ view: 'machine', id: instance, tab: 'terminal' });
  }

  /** In the view of a machine's terminal the machine follows the terminal that is used. */
  #openLabShell(store: Store): void {
    store.terminals.openLab();
    store.terminals.setOpen(true);
    void this.renderRoot.querySelector<Dock>('strata-dock')?.focusTerminal();
  }

  #used(store: Store, instance: string | undefined): void {
    const route = store.route.value;
    if (route.view !== 'machine' || route.tab !== 'terminal') return;
    if (instance === undefined) store.go({ view: 'machine', id: route.id, tab: 'summary' });
    else store.go({ ...route, id: instance });
  }

  #rowMenu(store: Store, { id, place, back }: { id: string; place: DOMRect; back: HTMLElement }): void {
    const record = store.instances.value.find((each) => each.id === id);
    if (!record) return;
    void this.#showMenu({
      label: text.table.menu(record.name),
      items: instanceMenu(store, record),
      place,
      back,
      pick: (picked) => actOn(store, record, picked),
    });
  }

  async #showMenu(request: MenuRequest): Promise<void> {
    this.menu = request;
    await this.updateComplete;
    await this.renderRoot.querySelector<Menu>(':host > strata-menu, strata-menu')?.show(request.place);
  }

  readonly #readHash = (): void => {
    if (asksForScenario(location)) void this.#showScenario();
    else this.store?.go(parseRoute(location.hash));
  };

  /** A link to a scenario stays in the address until it is decided what becomes of that: a reload asks again until then. */
  async #showScenario(): Promise<void> {
    const { href } = location;
    this.store?.go({ view: 'lab' });
    await (await this.store?.parts.scenarios.get())?.showAddress(new URL(href));
    if (location.href === href) forgetAddress(formatRoute({ view: 'lab' }));
  }

  readonly #readOnline = (): void => {
    this.store?.setOnline(navigator.onLine);
  };

  readonly #key = (event: KeyboardEvent): void =>
    pressPageKey(event, this.store, () => this.store && this.#toggleTerminals(this.store));

  #toggleTerminals(store: Store): void {
    const open = this.#dockSize(store) === 'hidden';
    store.terminals.setOpen(open);
    if (open) void this.#focusTerminal();
  }

  readonly #skip = (): void => {
    this.renderRoot.querySelector<HTMLElement>('main')?.focus();
  };
}

/** Reading it is another's: most visits bring none. */
function asksForScenario({ hash, search }: Location): boolean {
  return hash.startsWith('#s=') || new URLSearchParams(search).has('scenario');
}

define('strata-app', AppView);
