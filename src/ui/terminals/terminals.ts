import { batch, type ReadonlySignal, signal } from '@preact/signals-core';
import type { ConsoleAttachment, ConsoleOutput, Instance, InstanceId, ProgramId } from '../../api/instance';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { Settings } from '../settings';
import { text } from '../text';
import {
  closeTab,
  type DockLayout,
  type DockSplit,
  emptyLayout,
  focusedGroup,
  groupOfTab,
  groupsOf,
  moveTab,
  pinnedFirst,
  readLayout,
  resizeSplit,
  showTab,
  splitGroup,
  type TabId,
} from './dock-layout';
import type { OpenLabShell } from './lab-shell-source';
import { LaterSource } from './later-source';
import type { RawConnection, RawWords } from './raw-source';
import { type EarlierShell, ShellSource } from './shell-source';
import { TypedSource } from './typed-source';

/** What of a container can be in the dock: what it prints, and a shell in it. */
export type ContainerKind = 'container-logs' | 'container-shell';

export type TerminalKind = 'console' | 'shell' | 'raw' | 'lab' | ContainerKind;

/** A container as the dock remembers it: one that was made anew has another id. */
export interface DockedContainer {
  readonly id: string;
  readonly name: string;
}

/** What a terminal attaches to. */
export interface TerminalSource {
  /** Of a shell: what runs in it. */
  readonly program?: ProgramId | undefined;
  /** It has nothing to show until its machine runs. */
  readonly waiting?: boolean;
  /** Its program has ended, and Enter starts another. */
  readonly ended?: boolean;
  /** It ends lines by a newline alone. */
  readonly bareNewlines?: boolean;
  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment;
}

/** One terminal of the dock. */
export interface TerminalTab {
  readonly id: TabId;
  /** Empty for a shell of the lab itself, and for what is of a container. */
  readonly instance: InstanceId;
  readonly kind: TerminalKind;
  readonly container?: DockedContainer;
  /** What a person called it. */
  readonly name?: string;
  /** Stands first in its group, and is not closed before it is loosened. */
  readonly pinned?: true;
  /** Number of the shell in its machine, its container or the lab, from 1; of a raw connection the TCP port. */
  readonly number: number;
  readonly source: TypedSource;
}

/** How the dock is shown: not at all, below the view, or in its place. */
export type DockSize = 'hidden' | 'part' | 'whole';

export interface TerminalsOptions {
  /** The instance, or undefined when there is none. */
  readonly instance: (id: InstanceId) => Instance | undefined;
  readonly settings: Settings;
  readonly clock: Clock;
  /** Connects to a TCP port of an instance. */
  readonly connect: (id: InstanceId, port: number) => Promise<RawConnection>;
  /** Makes a shell of the lab. */
  readonly openLabShell: OpenLabShell;
  /** Fetches what shows a container. */
  readonly openContainer: (kind: ContainerKind, container: DockedContainer) => Promise<TerminalSource>;
}

const noInstance: InstanceId = '';

/** Terminals at once: each keeps 5,000 lines. */
export const terminalLimit = 32;

/** Height of the dock as a part of the page, in CSS pixels. */
export const dockHeights = { smallest: 120, initial: 300, largest: 2000 } as const;

/** The layout is kept when nothing has changed for this long: a divider that is dragged changes it all the time. */
const keepDelayMs = 300;

/** The terminals of the page: which there are, where they lie, and that they are there again after a reload. */
export class Terminals implements Disposable {
  readonly #options: TerminalsOptions;
  readonly #tabs = signal<ReadonlyMap<TabId, TerminalTab>>(new Map());
  readonly #layout = signal<DockLayout>(emptyLayout);
  readonly #open = signal(true);
  readonly #height = signal<number>(dockHeights.initial);
  /** What an earlier visit left; taken up once the instances are known. */
  #stored: Readonly<Record<string, unknown>> | undefined;
  /** The terminal of each instance that was used last. */
  readonly #used = new Map<InstanceId, TabId>();
  #known: ReadonlySet<InstanceId> = new Set();
  #keeping: Disposable | undefined;
  #lastId = 0;

  constructor(options: TerminalsOptions) {
    this.#options = options;
    const kept = options.settings.recall('dock');
    if (typeof kept !== 'object' || kept === null) return;
    this.#stored = { ...kept };
    this.#open.value = this.#stored['open'] !== false;
    const { height } = this.#stored;
    if (typeof height === 'number') this.#height.value = clampHeight(height);
  }

  get tabs(): ReadonlySignal<ReadonlyMap<TabId, TerminalTab>> {
    return this.#tabs;
  }
  get layout(): ReadonlySignal<DockLayout> {
    return this.#layout;
  }
  /** Whether the dock is shown where it is not the view itself. */
  get open(): ReadonlySignal<boolean> {
    return this.#open;
  }
  /** CSS pixels. */
  get height(): ReadonlySignal<number> {
    return this.#height;
  }

  /** The tab that was used last. */
  get active(): TerminalTab | undefined {
    const group = focusedGroup(this.#layout.value);
    return group && this.#tabs.value.get(group.active);
  }

  /** Shows an instance's terminal: the one in use, else the console, which is opened if need be. */
  showInstance(instance: InstanceId): TabId | undefined {
    const used = this.#used.get(instance);
    if (used === undefined || !this.#tabs.value.has(used)) return this.openConsole(instance);
    if (this.active?.id !== used) this.activate(used);
    return used;
  }

  /** There is one console of an instance. Undefined when there are terminals enough. */
  openConsole(instance: InstanceId): TabId | undefined {
    const there = [...this.#tabs.value.values()].find((tab) => tab.kind === 'console' && tab.instance === instance);
    if (!there) return this.#openTab(instance, 'console');
    this.activate(there.id);
    return there.id;
  }

  openShell(instance: InstanceId): TabId | undefined {
    return this.#openTab(instance, 'shell');
  }

  /** A shell of the lab itself: docker, machines, networks, shared folders. */
  openLab(): TabId | undefined {
    return this.#openTab(noInstance, 'lab');
  }

  /** What a container prints, of which there is one, or another shell in it. Undefined when there are terminals enough. */
  openContainer(kind: ContainerKind, container: DockedContainer): TabId | undefined {
    const there = [...this.#tabs.value.values()].find(
      (tab) => tab.kind === kind && kind === 'container-logs' && tab.container?.id === container.id,
    );
    if (!there) return this.#openTab(noInstance, kind, undefined, container);
    this.activate(there.id);
    return there.id;
  }

  /** Another shell where the tab is: in its machine, its container or the lab. */
  openShellBeside({ kind, instance, container }: TerminalTab): TabId | undefined {
    if (container) return this.openContainer('container-shell', container);
    return kind === 'lab' ? this.openLab() : this.openShell(instance);
  }

  /**
   * Shows the shell of that number of an instance, or of the lab where there is none, and opens it if need be. Undefined
   * when there are terminals enough.
   */
  showShell(instance: InstanceId | undefined, number: number): TypedSource | undefined {
    const kind = instance === undefined ? 'lab' : 'shell';
    const owner = instance ?? noInstance;
    const there = [...this.#tabs.value.values()].find(
      (tab) => tab.kind === kind && tab.instance === owner && tab.number === number,
    );
    const id = there?.id ?? this.#openTab(owner, kind, number);
    if (id === undefined) return undefined;
    this.activate(id);
    this.setOpen(true);
    return this.#tabs.value.get(id)?.source;
  }

  /** A TCP connection to a port, by hand. It ends with the page. */
  openRaw(instance: InstanceId, port: number): TabId | undefined {
    return this.#openTab(instance, 'raw', port);
  }

  /** A new shell of the same machine or container, in a group of its own beside or below. */
  split(id: TabId, axis: DockSplit['axis']): TabId | undefined {
    const group = groupOfTab(this.#layout.value, id);
    const tab = this.#tabs.value.get(id);
    if (!group || !tab) return undefined;
    const opened = this.openShellBeside(tab);
    if (opened !== undefined) this.#change(splitGroup(this.#layout.value, group.id, axis, opened));
    return opened;
  }

  /** Moves a tab to the next group, in the order of the screen. */
  moveToNextGroup(tab: TabId): void {
    const groups = groupsOf(this.#layout.value.root);
    const at = groups.findIndex((group) => group.tabs.includes(tab));
    const next = groups[(at + 1) % groups.length];
    if (next) this.#change(moveTab(this.#layout.value, tab, next.id));
  }

  activate(tab: TabId): void {
    if (this.#tabs.value.has(tab)) this.#change(showTab(this.#layout.value, tab));
  }

  close(tab: TabId): void {
    const tabs = new Map(this.#tabs.value);
    tabs.delete(tab);
    batch(() => {
      this.#tabs.value = tabs;
      this.#change(closeTab(this.#layout.value, tab));
    });
  }

  /** An empty name brings the usual one back. */
  rename(id: TabId, name: string): void {
    const tab = this.#tabs.value.get(id);
    if (!tab) return;
    const { name: _, ...rest } = tab;
    const trimmed = name.trim().slice(0, 40);
    this.#tabs.value = new Map(this.#tabs.value).set(id, { ...rest, ...(trimmed !== '' && { name: trimmed }) });
    this.#keep();
  }

  pin(id: TabId, pinned: boolean): void {
    const tab = this.#tabs.value.get(id);
    if (!tab) return;
    const { pinned: _, ...rest } = tab;
    batch(() => {
      this.#tabs.value = new Map(this.#tabs.value).set(id, { ...rest, ...(pinned && { pinned }) });
      this.#change(this.#layout.value);
    });
  }

  resize(split: string, share: number): void {
    this.#change(resizeSplit(this.#layout.value, split, share));
  }

  setOpen(open: boolean): void {
    this.#open.value = open;
    this.#keep();
  }

  setHeight(height: number): void {
    this.#height.value = clampHeight(height);
    this.#keep();
  }

  /** Takes the terminals of instances that are gone away, and brings those of the last visit back. */
  instancesChanged(ids: ReadonlySet<InstanceId>): void {
    batch(() => {
      this.#known = ids;
      // The lab tells of one instance after the other; all are known when it has finished doing so.
      if (this.#stored !== undefined && ids.size > 0) queueMicrotask(() => this.#restore());
      for (const { id, instance } of this.#tabs.value.values()) {
        if (instance !== noInstance && !ids.has(instance)) this.close(id);
      }
    });
  }

  dispose(): void {
    this.#keeping?.dispose();
  }

  #openTab(instance: InstanceId, kind: TerminalKind, given?: number, container?: DockedContainer): TabId | undefined {
    if (this.#tabs.value.size >= terminalLimit) return undefined;
    this.#lastId += 1;
    const id = `t${this.#lastId}`;
    const own = [...this.#tabs.value.values()].filter(
      (tab) => tab.kind === kind && tab.instance === instance && tab.container?.id === container?.id,
    );
    const number = given ?? 1 + Math.max(0, ...own.map((tab) => tab.number));
    batch(() => {
      this.#add({ id, instance, kind, number, ...(container && { container }) });
      this.#change(showTab(this.#layout.value, id));
    });
    return id;
  }

  #add(tab: Omit<TerminalTab, 'source'>, earlier?: EarlierShell): void {
    const { instance } = this.#options;
    const host = () => instance(tab.instance);
    const onChange = (): void => this.#keep();
    const { openLabShell, openContainer, connect } = this.#options;
    const { container = { id: '', name: '' } } = tab;
    const later = (open: () => Promise<TerminalSource>, bareNewlines = false): TerminalSource =>
      new LaterSource(open, text.dock.notOpened, bareNewlines);
    const sources: Readonly<Record<TerminalKind, () => TerminalSource>> = {
      shell: () => new ShellSource({ host, words: shellWords, onChange, ...(earlier && { earlier }) }),
      // The page's first script has no room for what comes now.
      raw: () =>
        later(async () => {
          const { RawSource } = await import('./raw-source');
          return new RawSource({ connect: () => connect(tab.instance, tab.number), words: rawWords(tab) });
        }),
      lab: () =>
        later(async () => {
          const { LabShellSource } = await import('./lab-shell-source');
          return new LabShellSource(openLabShell, labWords);
        }),
      'container-logs': () => later(() => openContainer('container-logs', container), true),
      'container-shell': () => later(() => openContainer('container-shell', container)),
      console: () => ({
        attachConsole: (onOutput) => attachConsole(instance(tab.instance), onOutput),
        bareNewlines: instance(tab.instance)?.kind === 'unikernel',
      }),
    };
    const source = new TypedSource(sources[tab.kind]());
    this.#tabs.value = new Map(this.#tabs.value).set(tab.id, { ...tab, source });
  }

  #change(layout: DockLayout): void {
    this.#layout.value = pinnedFirst(layout, (tab) => this.#tabs.value.get(tab)?.pinned === true);
    const active = this.active;
    if (active) this.#used.set(active.instance, active.id);
    this.#keep();
  }

  #keep(): void {
    const { clock, settings } = this.#options;
    this.#keeping?.dispose();
    this.#keeping = clock.after(keepDelayMs, () => {
      const tabs = [...this.#tabs.value.values()].map(({ source: { program }, ...tab }) => ({ ...tab, program }));
      settings.keep('dock', { tabs, layout: this.#layout.value, open: this.#open.value, height: this.#height.value });
    });
  }

  #restore(): void {
    if (this.#stored === undefined) return;
    const { tabs, layout } = this.#stored;
    this.#stored = undefined;
    const read = (Array.isArray(tabs) ? tabs : [])
      .flatMap(readTab)
      .filter((tab) => tab.instance === noInstance || this.#known.has(tab.instance));
    batch(() => {
      for (const each of read.slice(0, terminalLimit - this.#tabs.value.size)) this.#readd(each);
      const { focused } = this.#layout.value;
      const restored = readLayout(layout, new Set(this.#tabs.value.keys()));
      this.#layout.value = { ...restored, ...(restored.focused === undefined && focused !== undefined && { focused }) };
    });
  }

  /** What was opened meanwhile (the console of the machine in view) is not opened twice. */
  #readd({ program, ...tab }: KeptTab): void {
    const there = [...this.#tabs.value.values()];
    if (tab.kind === 'console' && there.some(({ kind, instance }) => kind === 'console' && instance === tab.instance))
      return;
    this.#lastId = Math.max(this.#lastId, Number(tab.id.slice(1)) || 0);
    if (this.#tabs.value.has(tab.id)) this.#lastId += 1;
    const fresh = this.#tabs.value.has(tab.id) ? { ...tab, id: `t${this.#lastId}` } : tab;
    this.#add(fresh, program === undefined ? {} : { program });
  }
}

const shellWords = {
  ended: text.dock.ended,
  failed: text.dock.failed,
  lost: text.dock.lost,
  off: () => text.dock.off,
  gone: () => text.dock.gone,
};

const labWords = { ended: () => text.dock.lab.ended, failed: text.dock.failed };

function rawWords({ number }: Pick<TerminalTab, 'number'>): RawWords {
  const { raw } = text.ports;
  return { connected: () => raw.connected(number), failed: raw.failed, ended: () => raw.ended };
}

/** An instance that was removed a moment ago has no console; its tab is about to go as well. */
function attachConsole(instance: Instance | undefined, onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
  if (instance) return instance.attachConsole(onOutput);
  return { write: () => {}, resize: () => {}, acknowledge: () => {}, dispose: () => {} };
}

/** A terminal as it is kept for the next page. */
interface KeptTab extends Omit<TerminalTab, 'source'> {
  readonly program?: ProgramId;
}

function readTab(stored: unknown): readonly KeptTab[] {
  if (typeof stored !== 'object' || stored === null) return [];
  const { id, instance, kind, name, number, program, pinned, container } = stored as Partial<
    Record<keyof KeptTab, unknown>
  >;
  if (typeof id !== 'string' || !/^t\d{1,9}$/.test(id) || typeof instance !== 'string') return [];
  const of = readContainer(container);
  if (!isKept(kind) || isOfContainer(kind) !== (of !== undefined)) return [];
  return [
    {
      id,
      instance,
      kind,
      number: typeof number === 'number' ? number : 1,
      ...(of && { container: of }),
      ...(typeof name === 'string' && { name: name.slice(0, 40) }),
      ...(pinned === true && { pinned }),
      ...(typeof program === 'string' && program.length <= 80 && { program }),
    },
  ];
}

/** A raw connection ends with its page. */
function isKept(kind: unknown): kind is TerminalKind {
  return kind === 'console' || kind === 'shell' || kind === 'lab' || isOfContainer(kind);
}

function isOfContainer(kind: unknown): kind is ContainerKind {
  return kind === 'container-logs' || kind === 'container-shell';
}

function readContainer(stored: unknown): DockedContainer | undefined {
  const { id, name } = (stored ?? {}) as Partial<Record<keyof DockedContainer, unknown>>;
  if (typeof id !== 'string' || typeof name !== 'string') return undefined;
  return { id: id.slice(0, 64), name: name.slice(0, 255) };
}

function clampHeight(height: number): number {
  if (!Number.isFinite(height)) return dockHeights.initial;
  return Math.min(dockHeights.largest, Math.max(dockHeights.smallest, Math.round(height)));
}
