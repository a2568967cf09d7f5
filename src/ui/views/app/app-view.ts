import { html, nothing } from 'lit';
import type { InstanceDraft } from '../../../engine/instance-record';
import '../../elements/dock/dock';
import type { Dock } from '../../elements/dock/dock';
import { type IconName, icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/instance-list/instance-list';
import '../../elements/menu/menu';
import type { Menu, MenuItem, MenuRequest } from '../../elements/menu/menu';
import '../../elements/menu-button/menu-button';
import type { PickEvent } from '../../elements/menu-button/menu-button';
import '../../elements/notice/notice';
import '../../elements/ownership/ownership';
import '../../elements/task-drawer/task-drawer';
import '../../elements/toast-list/toast-list';
import type { Dialog } from '../../dialog';
import { flavors, standardFlavor } from '../../flavors';
import { formatRoute, type Place, parseRoute, places, type Route } from '../../route';
import type { Theme } from '../../settings';
import { type PageKey, pageKey } from '../../shortcuts';
import type { Store, Toast } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import type { DockSize } from '../../terminals/terminals';
import { text } from '../../text';
import { instanceParts } from '../instance/instance-view';
import '../overview/overview-view';
import { actOn, instanceMenu } from '../instance/instance-actions';
import { appViewStyles } from './app-view.styles';

const themeIcons = { system: 'system', light: 'sun', dark: 'moon' } as const;

const placeIcons: Readonly<Record<Place, IconName>> = {
  overview: 'overview',
  machines: 'machine',
  networks: 'network',
  snapshots: 'snapshot',
  images: 'layers',
  volumes: 'volume',
  files: 'folder',
  containers: 'container',
};

/** What can be made, in the order of the menu. */
const newItems: readonly MenuItem[] = [
  { id: 'custom', ...text.create.custom },
  ...flavors.map(({ id }) => ({ id, ...text.flavors[id] })),
  { id: 'unikernel', ...text.create.unikernel },
  { id: 'app', ...text.create.app },
  { id: 'machine', ...text.create.machine },
  { id: 'container', ...text.create.container },
];

/** When the parts that no first prompt needs are fetched, milliseconds after the page has come. */
const preloadMs = 4000;

/** Views that the first prompt does not need are fetched when they are gone to. */
const parts: Partial<Record<Route['view'] | Dialog['kind'], () => Promise<unknown>>> = {
  machines: () => import('../machines/machines-view'),
  networks: () => import('../networks/networks-view'),
  snapshots: () => import('../snapshots/snapshots-view'),
  images: () => import('../images/images-view'),
  volumes: () => import('../volumes/volumes-view'),
  files: () => import('../files/files-view'),
  containers: () => import('../containers/containers-view'),
  container: () => import('../containers/containers-view'),
  'new-container': () => import('../dialogs/container-dialog'),
  'new-vm': () => import('../dialogs/vm-dialog'),
  'new-unikernel': () => import('../dialogs/unikernel-dialog'),
  'new-app': () => import('../dialogs/app-dialog'),
  'new-machine': () => import('../dialogs/machine-dialog'),
  help: () => import('../dialogs/help-dialog'),
  palette: () => import('../dialogs/palette-dialog'),
  'new-network': smallDialogs,
  egress: () => import('../dialogs/egress-dialog'),
  'new-volume': () => import('../dialogs/volume-dialog'),
  'brought-tar': () => import('../dialogs/tar-dialog'),
  signatures: () => import('../dialogs/signature-dialog'),
  rename: smallDialogs,
  snapshot: smallDialogs,
  clone: smallDialogs,
  confirm: smallDialogs,
};

function smallDialogs(): Promise<unknown> {
  return import('../dialogs/small-dialogs');
}

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
  #loaded = new Set<string>();
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.store = undefined;
    this.scheme = 'dark';
    this.filled = false;
    this.menu = undefined;
    this.addEventListener('dragover', (event) => this.#dragOver(event));
    this.addEventListener('drop', (event) => this.#drop(event));
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
    this.#later = setTimeout(() => this.#loadAll(), preloadMs);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('hashchange', this.#readHash);
    window.removeEventListener('online', this.#readOnline);
    window.removeEventListener('offline', this.#readOnline);
    window.removeEventListener('keydown', this.#key);
    clearTimeout(this.#later);
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    const { persistent, reason } = store.storage.value;
    const owner = store.ownership.value.state === 'owner';
    return html`
      ${this.#header(store, owner)}
      ${persistent ? nothing : html`<strata-notice .label=${text.storage.label} .message=${text.storage.memory} .reason=${reason && text.storage.reason(reason)}></strata-notice>`}
      ${store.online.value ? nothing : html`<strata-notice .label=${text.offlineLabel} .message=${text.offline}></strata-notice>`}
      ${this.#newVersion(store)}
      ${owner ? this.#lab(store) : html`<main tabindex="-1"><strata-ownership .ownership=${store.ownership.value}></strata-ownership></main>`}
      ${this.#dialog(store)}
      <strata-menu
        .label=${this.menu?.label ?? ''}
        .items=${this.menu?.items ?? []}
        @pick=${(event: PickEvent) => this.menu?.pick(event.detail)}
        @shut=${(event: CustomEvent<boolean>) => event.detail && this.menu?.back?.focus()}
      ></strata-menu>
      <div class="unseen" role="status">${store.announcement.value}</div>
    `;
  }

  #lab(store: Store) {
    return html`
      <div class="panes">
        ${this.#nav(store)}
        <div class="work">
          <main tabindex="-1" class=${this.#dockSize(store) === 'whole' ? 'short' : ''}>${this.#view(store)}</main>
          ${this.#dock(store)}
        </div>
      </div>
      ${this.#footer(store)}
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

  #header(store: Store, owner: boolean) {
    const { theme } = store.settings.values.value;
    return html`<header>
      <button class="skip" @click=${this.#skip}>${text.skip}</button>
      <h1><a href=${formatRoute({ view: 'overview' })}>${icon('layers')}<span>${text.product}</span></a></h1>
      <span class="stratum"><span class="number">${text.stratum.number}</span>${text.stratum.name}</span>
      <div class="tools">
        ${
          owner
            ? html`<strata-menu-button
                  .main=${text.create.button}
                  .label=${text.create.more}
                  .align=${'end'}
                  .items=${newItems}
                  @main=${() => this.#launch(standardFlavor.draft)}
                  @pick=${(event: PickEvent) => this.#pickFlavor(event.detail)}
                ></strata-menu-button>
                ${this.#tool('command', `${text.dialogs.palette.open} (Ctrl+K)`, () => store.ask({ kind: 'palette' }))}`
            : nothing
        }
        ${this.#tool('help', text.shortcuts, () => store.ask({ kind: 'help' }))}
        <strata-menu-button
          .label=${text.theme.button(text.theme[theme])}
          .icon=${themeIcons[theme]}
          .align=${'end'}
          .items=${(['system', 'light', 'dark'] as const).map((id) => ({ id, label: text.theme[id], checked: id === theme }))}
          @pick=${(event: PickEvent) => store.settings.change({ theme: event.detail as Theme })}
        ></strata-menu-button>
      </div>
    </header>`;
  }

  #tool(name: IconName, label: string, act: () => void) {
    return html`<button class="quiet icon" aria-label=${label} title=${label} @click=${act}>${icon(name)}</button>`;
  }

  #nav(store: Store) {
    const route = store.route.value;
    const instances = store.instances.value;
    return html`<nav aria-label=${text.nav.label}>
      <ul>
        ${places.map(
          (view) => html`<li>
            <a href=${formatRoute({ view })} aria-current=${view === placeOf(route) ? 'page' : nothing}>
              ${icon(placeIcons[view])}<span>${text.nav[view]}</span>
            </a>
          </li>`,
        )}
      </ul>
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
    </nav>`;
  }

  #view(store: Store) {
    const route = store.route.value;
    const launch = (event: CustomEvent<InstanceDraft>): void => void this.#launch(event.detail);
    switch (route.view) {
      case 'overview':
        return html`<strata-overview-view .store=${store} @launch=${launch}></strata-overview-view>`;
      case 'machines':
        return html`<strata-machines-view .store=${store} @launch=${launch}></strata-machines-view>`;
      case 'networks':
        return html`<strata-networks-view .store=${store}></strata-networks-view>`;
      case 'snapshots':
        return html`<strata-snapshots-view .store=${store}></strata-snapshots-view>`;
      case 'images':
        return html`<strata-images-view .store=${store}></strata-images-view>`;
      case 'volumes':
        return html`<strata-volumes-view .store=${store}></strata-volumes-view>`;
      case 'files':
        return html`<strata-files-view .store=${store}></strata-files-view>`;
      case 'containers':
      case 'container':
        return html`<strata-containers-view .store=${store} .scheme=${this.scheme}></strata-containers-view>`;
      case 'machine':
        return store.selected.value
          ? html`<strata-instance-view
              class=${route.tab === 'terminal' ? 'short' : ''}
              .store=${store}
              .record=${store.selected.value}
              .tab=${route.tab}
            ></strata-instance-view>`
          : html`<div class="gone"><h2>${text.machine.gone}</h2><p>${text.machine.goneDetail}</p></div>`;
    }
  }

  /** The terminals have the whole room where a machine's terminal is the view, or where a person wants it. */
  #dockSize(store: Store): DockSize {
    const route = store.route.value;
    if (route.view === 'machine' && route.tab === 'terminal' && store.selected.value) return 'whole';
    if (!store.terminals.open.value || store.terminals.tabs.value.size === 0) return 'hidden';
    return 'part';
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
    return html`<footer>
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
      <strata-toast-list
        .toasts=${store.toasts.value}
        @dismiss=${(event: CustomEvent<number>) => store.dismiss(event.detail)}
        @undo=${(event: CustomEvent<Toast>) => this.#undo(store, event.detail)}
      ></strata-toast-list>
    </footer>`;
  }

  #dialog(store: Store) {
    const dialog = store.dialog.value;
    if (!dialog) return nothing;
    // The next dialog may have been asked for before this one says that it is closed.
    const end = (): void => {
      if (store.dialog.value === dialog) store.ask(undefined);
    };
    switch (dialog.kind) {
      case 'new-vm':
        return html`<strata-vm-dialog .store=${store} @end=${end}></strata-vm-dialog>`;
      case 'new-unikernel':
        return html`<strata-unikernel-dialog .store=${store} .offer=${dialog.offer} @end=${end}></strata-unikernel-dialog>`;
      case 'new-app':
        return html`<strata-app-dialog .store=${store} .offer=${dialog.offer} @end=${end}></strata-app-dialog>`;
      case 'new-machine':
        return html`<strata-machine-dialog .store=${store} .question=${dialog} @end=${end}></strata-machine-dialog>`;
      case 'new-container':
        return html`<strata-container-dialog .store=${store} @end=${end}></strata-container-dialog>`;
      case 'new-network':
        return html`<strata-network-dialog .store=${store} @end=${end}></strata-network-dialog>`;
      case 'egress':
        return html`<strata-egress-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-egress-dialog>`;
      case 'new-volume':
        return html`<strata-volume-dialog .store=${store} @end=${end}></strata-volume-dialog>`;
      case 'brought-tar':
        return html`<strata-tar-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-tar-dialog>`;
      case 'signatures':
        return html`<strata-signature-dialog .store=${store} @end=${end}></strata-signature-dialog>`;
      case 'help':
        return html`<strata-help-dialog .store=${store} @end=${end}></strata-help-dialog>`;
      case 'palette':
        return html`<strata-palette-dialog .store=${store} @end=${end}></strata-palette-dialog>`;
      case 'rename':
        return html`<strata-rename-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-rename-dialog>`;
      case 'snapshot':
        return html`<strata-snapshot-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-snapshot-dialog>`;
      case 'clone':
        return html`<strata-clone-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-clone-dialog>`;
      case 'confirm':
        return html`<strata-confirm-dialog .store=${store} .dialog=${dialog} @end=${end}></strata-confirm-dialog>`;
    }
  }

  protected override updated(): void {
    const { store } = this;
    if (!store) return;
    const route = store.route.value;
    this.#load(route.view);
    const kind = store.dialog.value?.kind;
    if (kind) this.#load(kind);
    const hash = formatRoute(route);
    // A machine that comes into being after its address was opened (a reload) is shown then.
    const shown = `${hash} ${store.selected.value !== undefined}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (parseRoute(location.hash) && formatRoute(parseRoute(location.hash)) !== hash) history.pushState(null, '', hash);
    if (route.view === 'machine' && route.tab === 'terminal' && store.selected.value)
      store.terminals.showInstance(route.id);
  }

  /** An element that is defined later is upgraded where it stands. */
  #load(part: Route['view'] | Dialog['kind']): void {
    if (this.#loaded.has(part)) return;
    this.#loaded.add(part);
    parts[part]?.().catch((error: unknown) => {
      // Offline before it was ever fetched: the next visit to the view tries again.
      this.#loaded.delete(part);
      this.store?.report(text.notLoaded, error);
    });
  }

  /** So that no view has to wait later, or is missing when the connection is. A failure matters only then. */
  #loadAll(): void {
    const all = [...Object.values(parts), ...Object.values(instanceParts)];
    void Promise.allSettled(all.map((load) => load()));
  }

  #pickFlavor(id: string): void {
    const flavor = flavors.find((each) => each.id === id);
    if (flavor) void this.#launch(flavor.draft);
    else if (id === 'unikernel') this.store?.ask({ kind: 'new-unikernel' });
    else if (id === 'app') this.store?.ask({ kind: 'new-app' });
    else if (id === 'machine') this.store?.ask({ kind: 'new-machine' });
    else if (id === 'container') this.store?.ask({ kind: 'new-container' });
    else this.store?.ask({ kind: 'new-vm' });
  }

  async #launch(draft: InstanceDraft): Promise<void> {
    await this.store?.launch(draft);
    await this.#focusTerminal();
  }

  async #focusTerminal(): Promise<void> {
    await this.updateComplete;
    const dock = this.renderRoot.querySelector<Dock>('strata-dock');
    await dock?.focusTerminal();
  }

  #resize(store: Store, size: DockSize): void {
    const active = store.terminals.active;
    if (size === 'hidden') store.terminals.setOpen(false);
    else if (size === 'whole' && active) store.go({ view: 'machine', id: active.instance, tab: 'terminal' });
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

  /** Only what is a file is taken: text that is dragged into a field is the field's. */
  #dragOver(event: DragEvent): void {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  }

  /** A module, a tar, a disk or a machine's profile that is dropped anywhere on the page. What is none of these says so itself. */
  #drop(event: DragEvent): void {
    const [file] = event.dataTransfer?.files ?? [];
    if (!file) return;
    event.preventDefault();
    if (this.store?.ownership.value.state === 'owner') this.store.bringFile(file);
  }

  #undo(store: Store, { id, undo }: Toast): void {
    undo?.();
    store.dismiss(id);
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
    this.store?.go(parseRoute(location.hash));
  };

  readonly #readOnline = (): void => {
    this.store?.setOnline(navigator.onLine);
  };

  readonly #key = (event: KeyboardEvent): void => {
    const { store } = this;
    if (!store || event.defaultPrevented || store.dialog.value || store.ownership.value.state !== 'owner') return;
    if (event.composedPath().some(takesKeys)) return;
    const meaning = pageKey(event, store.settings.values.value.singleKeys);
    if (meaning === undefined) return;
    event.preventDefault();
    this.#keyActs(store)[meaning]();
  };

  #keyActs(store: Store): Readonly<Record<PageKey, () => void>> {
    const go = (index: number) => (): void => {
      const view = places[index];
      if (view) store.go({ view });
    };
    return {
      palette: () => store.ask({ kind: 'palette' }),
      help: () => store.ask({ kind: 'help' }),
      'new-vm': () => store.ask({ kind: 'new-vm' }),
      tasks: () => store.showTasks(!store.tasksOpen.value),
      terminals: () => this.#toggleTerminals(store),
      'view-1': go(0),
      'view-2': go(1),
      'view-3': go(2),
      'view-4': go(3),
      'view-5': go(4),
      'view-6': go(5),
      'view-7': go(6),
      'view-8': go(7),
    };
  }

  #toggleTerminals(store: Store): void {
    const open = this.#dockSize(store) === 'hidden';
    store.terminals.setOpen(open);
    if (open) void this.#focusTerminal();
  }

  readonly #skip = (): void => {
    this.renderRoot.querySelector<HTMLElement>('main')?.focus();
  };
}

/** Where in the navigation a view belongs. */
function placeOf({ view }: Route): Place {
  if (view === 'machine') return 'machines';
  return view === 'container' ? 'containers' : view;
}

/** Fields and terminals have their keys to themselves. */
function takesKeys(target: EventTarget): boolean {
  return target instanceof HTMLElement && (target.matches('input, textarea, select') || target.isContentEditable);
}

define('strata-app', AppView);
