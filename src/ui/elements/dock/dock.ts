import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { InstanceRecord } from '../../../engine/instance-record';
import { terminalFontSize } from '../../settings';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { type DockGroup, type DockRect, type DockSplit, placeNodes } from '../../terminals/dock-layout';
import type { DockSize, TerminalTab } from '../../terminals/terminals';
import { text } from '../../text';
import { icon, iconStyles } from '../icon/icon';
import '../menu-button/menu-button';
import type { MenuItem, PickEvent } from '../menu-button/menu-button';
import { rovingIndex } from '../roving';
import '../terminal/terminal';
import type { TerminalElement } from '../terminal/terminal';
import { dockStyles } from './dock.styles';

/** What consoles say of machines that are not on. */
const off: Partial<Record<InstanceRecord['state']['phase'], string>> = text.terminal.off;

/**
 * The terminals of the page in tabs and splits. All terminals stand side by side in one place and are only
 * moved by their coordinates, so that none loses its lines when it changes its group. Fires `resize-dock`
 * with pixels, and `size` with the wished {@link DockSize}.
 */
export class Dock extends StrataElement {
  static override properties = {
    store: { attribute: false },
    scheme: { attribute: false },
    size: { attribute: false },
    renaming: { state: true },
    stage: { state: true },
  };
  declare store: Store | undefined;
  declare scheme: 'light' | 'dark';
  declare size: DockSize;
  declare private renaming: string | undefined;
  /** How high the terminals are, which is not always as high as was asked for; CSS pixels. */
  declare private stage: number;

  static override styles = [baseStyles, buttonStyles, iconStyles, dockStyles];

  #grabbed = 0;
  /** The tabs that were brought into view last. */
  #inView = '';
  readonly #observer = new ResizeObserver(() => {
    this.stage = this.renderRoot.querySelector('.stage')?.clientHeight ?? 0;
    this.#bringTabs();
  });

  constructor() {
    super();
    this.store = undefined;
    this.scheme = 'dark';
    this.size = 'part';
    this.renaming = undefined;
    this.stage = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }

  /** Puts the focus into the terminal that was used last. */
  async focusTerminal(): Promise<void> {
    await this.updateComplete;
    const terminal = this.#terminal(this.store?.terminals.active?.id);
    await terminal?.updateComplete;
    terminal?.focus();
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    const { tabs, layout, height } = store.terminals;
    const { groups, splits } = placeNodes(layout.value.root);
    const places = new Map(
      groups.flatMap(({ group, rect }) => group.tabs.map((tab) => [tab, { group, rect }] as const)),
    );
    const last = groups.length - 1;
    return html`
      <section aria-label=${text.dock.heading}>
        ${this.size === 'part' ? this.#heightSplitter() : nothing}
        <div class="stage" .style=${this.size === 'part' ? `height:${height.value}px` : ''}>
        ${groups.length === 0 ? this.#none(store) : nothing}
        ${repeat(
          groups,
          ({ group }) => group.id,
          ({ group, rect }, index) =>
            this.#strip(store, group, rect, index === topRight(groups) || (index === last && last === 0)),
        )}
        ${repeat(
          [...tabs.value.values()],
          (tab) => tab.id,
          (tab) => {
            const place = places.get(tab.id);
            return place ? this.#panel(store, tab, place.group, place.rect) : nothing;
          },
        )}
        ${repeat(
          splits,
          ({ split }) => split.id,
          ({ split, rect }) => this.#splitter(split, rect),
        )}
        </div>
      </section>
    `;
  }

  /** Most first visits divide nothing. */
  protected override updated(): void {
    if (this.renderRoot.querySelector('strata-splitter:not(:defined)'))
      // Without it there is a line that cannot be moved.
      void import('../splitter/splitter').catch(() => {});
    const shown = [...this.renderRoot.querySelectorAll('[aria-selected="true"]')].map(({ id }) => id).join();
    if (shown === this.#inView) return;
    this.#inView = shown;
    this.#bringTabs();
  }

  /** Of many tabs in a narrow window the chosen one is seen. */
  #bringTabs(): void {
    for (const tab of this.renderRoot.querySelectorAll('[aria-selected="true"]')) {
      const tabs = tab.parentElement;
      if (!tabs) continue;
      const [at, all] = [tab.getBoundingClientRect(), tabs.getBoundingClientRect()];
      // The strip alone: what scrolls into view by itself would move a low page, too.
      tabs.scrollLeft += Math.min(0, at.left - all.left) + Math.max(0, at.right - all.right);
    }
  }

  #heightSplitter() {
    return html`<strata-splitter
      class="height"
      .axis=${'column'}
      .label=${text.dock.height}
      .value=${Math.max(0, 100 - (this.stage / window.innerHeight) * 100)}
      @grab=${() => {
        this.#grabbed = this.stage;
      }}
      @move=${(event: CustomEvent<number>) => this.store?.terminals.setHeight(Math.min(this.#grabbed - event.detail, window.innerHeight - 200))}
      @edge=${(event: CustomEvent<string>) => this.store?.terminals.setHeight(event.detail === 'max' ? 0 : window.innerHeight - 200)}
    ></strata-splitter>`;
  }

  #none(store: Store) {
    const running = store.instances.value.filter(({ state }) => state.phase === 'running');
    return html`<div class="none">
      <p>${text.dock.none}</p>
      <div>
        ${running.slice(0, 4).map(({ id, name }) => html`<button @click=${() => this.#openConsole(id)}>${icon('terminal')}${text.dock.openConsole(name)}</button>`)}
        ${this.#sizeButtons()}
      </div>
    </div>`;
  }

  #strip(store: Store, group: DockGroup, rect: DockRect, corner: boolean) {
    const focused = store.terminals.active?.id === group.active;
    return html`<div class="strip ${focused ? 'focused' : ''}" .style=${stripStyle(rect)}>
      <div class="tabs" role="tablist" aria-label=${text.dock.tabs} @keydown=${(event: KeyboardEvent) => this.#key(event, group)}>
        ${repeat(
          group.tabs,
          (id) => id,
          (id) => this.#tab(store, group, id),
        )}
      </div>
      ${this.renaming !== undefined && group.tabs.includes(this.renaming) ? this.#nameField(store, this.renaming) : nothing}
      <div class="tools">
        ${this.#tool('plus', text.dock.newShell, () => this.#openShell(group))}
        <span class="wide">
          ${this.#tool('splitRow', text.dock.splitRow, () => this.#split(group, 'row'))}
          ${this.#tool('search', text.dock.search, () => void this.#terminal(group.active)?.openSearch())}
        </span>
        <strata-menu-button
          .label=${text.dock.more}
          .icon=${'more'}
          .align=${'end'}
          .items=${this.#menu(store, group)}
          @pick=${(event: PickEvent) => this.#pick(store, group, event.detail)}
        ></strata-menu-button>
        ${corner ? this.#sizeButtons() : nothing}
      </div>
    </div>`;
  }

  #tab(store: Store, group: DockGroup, id: string) {
    const tab = store.terminals.tabs.value.get(id);
    if (!tab) return nothing;
    const selected = id === group.active;
    const name = this.#name(store, tab);
    const phase = store.instances.value.find((record) => record.id === tab.instance)?.state.phase;
    return html`<button
      role="tab"
      id="tab-${id}"
      class=${phase === 'running' ? 'on' : ''}
      aria-selected=${selected}
      aria-controls="panel-${id}"
      tabindex=${selected ? 0 : -1}
      title=${name}
      aria-label=${tab.pinned ? text.dock.pinned(name) : nothing}
      @click=${() => this.#show(id)}
      @dblclick=${() => this.#rename(id)}
      @auxclick=${(event: MouseEvent) => event.button === 1 && this.#close(id)}
    >
      ${icon(tab.kind === 'console' ? 'machine' : tab.container ? 'container' : 'terminal')}<span class="label">${name}</span>
      ${
        tab.pinned
          ? html`<span class="pin">${icon('pin')}</span>`
          : html`<span class="close" aria-hidden="true" title=${text.dock.close} @click=${(event: Event) => this.#clickClose(event, id)}>${icon('close')}</span>`
      }
    </button>`;
  }

  #nameField(store: Store, id: string) {
    const tab = store.terminals.tabs.value.get(id);
    return html`<input
      class="name"
      aria-label=${text.dock.renameLabel}
      maxlength="40"
      .value=${tab ? this.#name(store, tab) : ''}
      @blur=${(event: Event) => this.#renamed(id, event, true)}
      @keydown=${(event: KeyboardEvent) => {
        event.stopPropagation();
        if (event.key !== 'Enter' && event.key !== 'Escape') return;
        // Prevented, or the tab that gets the focus would be pressed by the same key.
        event.preventDefault();
        this.#renamed(id, event, event.key === 'Enter');
      }}
    />`;
  }

  #panel(store: Store, tab: TerminalTab, group: DockGroup, rect: DockRect) {
    const { screenReader } = store.settings.values.value;
    const record = store.instances.value.find(({ id }) => id === tab.instance);
    const shown = group.active === tab.id && this.size !== 'hidden';
    const empty = tab.kind === 'console' || tab.source.waiting;
    const off_ = empty && record ? off[record.state.phase] : undefined;
    return html`<div
      role="tabpanel"
      id="panel-${tab.id}"
      aria-labelledby="tab-${tab.id}"
      ?hidden=${group.active !== tab.id}
      .style=${panelStyle(rect)}
    >
      <strata-terminal
        data-tab=${tab.id}
        .source=${tab.source}
        .label=${text.terminal.label(this.#name(store, tab))}
        .scheme=${this.scheme}
        .fontSize=${terminalFontSize(store.settings.values.value)}
        .fontFamily=${store.settings.values.value.fontFamily}
        .screenReader=${screenReader}
        .off=${off_}
        .wake=${record?.task ? undefined : text.actions.start}
        .shown=${shown}
        @wake=${() => store.act('start', tab.instance)}
        @leave=${() => this.#focusTab(tab.id)}
        @use=${() => this.#use(tab.id)}
      ></strata-terminal>
    </div>`;
  }

  #splitter(split: DockSplit, rect: DockRect) {
    return html`<strata-splitter
      class="between"
      .axis=${split.axis}
      .label=${text.dock.divider[split.axis]}
      .value=${split.share * 100}
      .style=${dividerStyle(split, rect)}
      @grab=${() => {
        this.#grabbed = split.share;
      }}
      @move=${(event: CustomEvent<number>) => this.#moveSplit(split, rect, event.detail)}
      @edge=${(event: CustomEvent<string>) => this.store?.terminals.resize(split.id, event.detail === 'min' ? 0 : 1)}
    ></strata-splitter>`;
  }

  #sizeButtons() {
    const whole = this.size === 'whole';
    if (whole) return nothing;
    return html`${this.#tool('grow', text.dock.fill, () => this.#wish('whole'))}${this.#tool('chevron', text.dock.hide, () => this.#wish('hidden'))}`;
  }

  #tool(name: Parameters<typeof icon>[0], label: string, act: () => void) {
    return html`<button class="quiet icon" aria-label=${label} title=${label} @click=${act}>${icon(name)}</button>`;
  }

  #menu(store: Store, group: DockGroup): readonly MenuItem[] {
    const several = placeNodes(store.terminals.layout.value.root).groups.length > 1;
    const { dock } = text;
    const pinned = store.terminals.tabs.value.get(group.active)?.pinned === true;
    return [
      { id: 'row', label: dock.splitRow },
      { id: 'column', label: dock.splitColumn },
      ...(several ? [{ id: 'move', label: dock.moveBack }] : []),
      { id: 'lab', label: dock.lab.open },
      { id: 'search', label: dock.search },
      { id: 'copy', label: dock.copy, detail: dock.keys.copy },
      { id: 'paste', label: dock.paste, detail: dock.keys.paste },
      { id: 'larger', label: dock.larger },
      { id: 'smaller', label: dock.smaller },
      { id: 'clear', label: dock.clear },
      { id: 'reader', label: dock.reader, checked: store.settings.values.value.screenReader },
      { id: 'rename', label: dock.rename, detail: dock.keys.rename },
      { id: 'pin', label: dock.pin, checked: pinned },
      ...(pinned
        ? []
        : [{ id: 'close', label: dock.closeNamed(this.#nameById(store, group.active)), detail: dock.keys.close }]),
    ];
  }

  #pick(store: Store, group: DockGroup, id: string): void {
    const terminal = this.#terminal(group.active);
    const { fontSize, screenReader } = store.settings.values.value;
    const acts: Readonly<Record<string, () => void>> = {
      row: () => this.#split(group, 'row'),
      column: () => this.#split(group, 'column'),
      move: () => store.terminals.moveToNextGroup(group.active),
      lab: () => this.#opened(store.terminals.openLab()),
      search: () => void terminal?.openSearch(),
      copy: () => void terminal?.copy(),
      paste: () => void terminal?.paste(),
      larger: () => store.settings.change({ fontSize: fontSize + 1 }),
      smaller: () => store.settings.change({ fontSize: fontSize - 1 }),
      clear: () => terminal?.clear(),
      reader: () => store.settings.change({ screenReader: !screenReader }),
      rename: () => this.#rename(group.active),
      pin: () => store.terminals.pin(group.active, !store.terminals.tabs.value.get(group.active)?.pinned),
      close: () => this.#close(group.active),
    };
    acts[id]?.();
  }

  #key(event: KeyboardEvent, group: DockGroup): void {
    if (event.key === 'Delete') this.#close(group.active);
    else if (event.key === 'F2') this.#rename(group.active);
    else if (event.key === 'Enter') void this.focusTerminal();
    else {
      const at = group.tabs.indexOf(group.active);
      const next = rovingIndex(event.key, at, group.tabs.length, 'horizontal');
      const id = next === undefined ? undefined : group.tabs[next];
      if (id === undefined) return;
      this.store?.terminals.activate(id);
      this.#told();
      void this.#focusTab(id);
    }
    event.preventDefault();
  }

  #moveSplit(split: DockSplit, rect: DockRect, moved: number): void {
    const area = this.renderRoot.querySelector('.stage')?.getBoundingClientRect();
    if (!area) return;
    const whole = split.axis === 'row' ? area.width * rect.width : area.height * rect.height;
    this.store?.terminals.resize(split.id, this.#grabbed + moved / whole);
  }

  #show(id: string): void {
    this.store?.terminals.activate(id);
    this.#told();
    void this.focusTerminal();
  }

  #use(id: string): void {
    if (this.store?.terminals.active?.id === id) return;
    this.store?.terminals.activate(id);
    this.#told();
  }

  #openConsole(instance: string): void {
    if (this.store?.terminals.openConsole(instance) !== undefined) void this.focusTerminal();
  }

  #openShell(group: DockGroup): void {
    const { store } = this;
    const tab = store?.terminals.tabs.value.get(group.active);
    if (!store || !tab) return;
    store.terminals.activate(tab.id);
    this.#opened(store.terminals.openShellBeside(tab));
  }

  #split(group: DockGroup, axis: DockSplit['axis']): void {
    this.#opened(this.store?.terminals.split(group.active, axis));
  }

  #opened(tab: string | undefined): void {
    if (tab !== undefined) void this.focusTerminal();
    else this.dispatchEvent(new CustomEvent('full'));
  }

  #clickClose(event: Event, id: string): void {
    event.stopPropagation();
    this.#close(id);
  }

  /** What is pinned stays. */
  #close(id: string): void {
    const next = this.store?.terminals;
    if (next?.tabs.value.get(id)?.pinned) return;
    next?.close(id);
    this.#told();
    const { active } = next ?? {};
    if (active) void this.#focusTab(active.id);
  }

  async #rename(id: string): Promise<void> {
    this.renaming = id;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>('.name')?.select();
  }

  #renamed(id: string, { target }: Event, keep: boolean): void {
    if (this.renaming !== id) return;
    this.renaming = undefined;
    const { store } = this;
    const tab = store?.terminals.tabs.value.get(id);
    if (keep && store && tab && target instanceof HTMLInputElement && target.value !== this.#name(store, tab)) {
      store.terminals.rename(id, target.value);
    }
    void this.#focusTab(id);
  }

  async #focusTab(id: string): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`#tab-${id}`)?.focus();
  }

  /** Says which terminal is used now, so that the view above can follow. */
  #told(): void {
    const { active } = this.store?.terminals ?? {};
    // What is of the lab or of a container belongs to no machine's view.
    if (active?.instance !== '') this.dispatchEvent(new CustomEvent('used', { detail: active?.instance }));
  }

  #wish(size: DockSize): void {
    this.dispatchEvent(new CustomEvent('size', { detail: size }));
  }

  #terminal(id: string | undefined): TerminalElement | null {
    return id === undefined
      ? null
      : this.renderRoot.querySelector<TerminalElement>(`strata-terminal[data-tab="${id}"]`);
  }

  #nameById(store: Store, id: string): string {
    const tab = store.terminals.tabs.value.get(id);
    return tab ? this.#name(store, tab) : '';
  }

  #name(store: Store, { name, kind, number, instance, container }: TerminalTab): string {
    const machine = container?.name ?? store.nameOf(instance);
    const usual = {
      lab: () => text.dock.lab.tab(number),
      console: () => text.dock.console(machine),
      shell: () => text.dock.shell(machine, number),
      raw: () => text.ports.raw.tab(machine, number),
      'container-logs': () => text.dock.logs(machine),
      'container-shell': () => text.dock.shell(machine, number),
    };
    return name ?? usual[kind]();
  }
}

/** Height of a strip of tabs; the styles say the same. */
const stripHeight = 36;

const percent = (share: number): string => `${Math.round(share * 1e6) / 1e4}%`;

/** Styles are set by script (CSSOM), which the Content-Security-Policy allows; a style attribute it does not. */
function stripStyle({ x, y, width }: DockRect): string {
  return `left:${percent(x)};top:${percent(y)};width:${percent(width)}`;
}

function panelStyle({ x, y, width, height }: DockRect): string {
  return `left:${percent(x)};top:calc(${percent(y)} + ${stripHeight}px);width:${percent(width)};height:calc(${percent(height)} - ${stripHeight}px)`;
}

function dividerStyle({ axis, share }: DockSplit, { x, y, width, height }: DockRect): string {
  return axis === 'row'
    ? `left:${percent(x + width * share)};top:${percent(y)};width:1px;height:${percent(height)}`
    : `left:${percent(x)};top:${percent(y + height * share)};width:${percent(width)};height:1px`;
}

/** Index of the group in the upper right corner, where the buttons of the dock itself are. */
function topRight(groups: readonly { readonly rect: DockRect }[]): number {
  return groups.findIndex(({ rect }) => rect.y === 0 && Math.abs(rect.x + rect.width - 1) < 1e-6);
}

define('strata-dock', Dock);
