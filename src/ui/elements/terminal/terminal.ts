import { FitAddon } from '@xterm/addon-fit';
import type { SearchAddon } from '@xterm/addon-search';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal } from '@xterm/xterm';
import xtermCss from '@xterm/xterm/css/xterm.css?inline';
import { html, nothing, type PropertyValues, unsafeCSS } from 'lit';
import type { Instance } from '../../../api/instance';
import { formatBytes } from '../../../base/bytes';
import { DisposableStore, toDisposable } from '../../../base/lifecycle';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { text } from '../../text';
import { type IconName, icon, iconStyles } from '../icon/icon';
import { withAdoptedStyles, withStyledSpans } from './adopted-styles';
import { OutputPump } from './output-pump';
import { terminalStyles } from './terminal.styles';
import { safeLink, safeTitle } from './terminal-link';
import { terminalThemes } from './terminal-theme';
import { type TouchKey, touchKeys, touchKeyText, withControl } from './touch-keys';
import { TouchScroll } from './touch-scroll';

/** What a terminal is attached to. */
export interface ConsoleSource extends Pick<Instance, 'attachConsole'> {
  /** It ends lines by a newline alone, as programs do; a kernel's terminal puts the carriage return before it. */
  readonly bareNewlines?: boolean;
}

/** What can be done with the selection of a terminal. */
export interface TerminalTools {
  copy(): Promise<void>;
  paste(): Promise<void>;
  openSearch(): Promise<void>;
  clear(): void;
}

/** OSC 52 lets output write the clipboard; a guest has no business there. */
const clipboardOsc = 52;

const encoder = new TextEncoder();

/** A finger is what this device is used by first. */
const touched = matchMedia('(pointer: coarse)');

/**
 * A terminal on a console or a shell. It begins when it is first shown, and goes on while it is hidden. Fires
 * `leave` when a person leaves it by keyboard, `use` when it gets the focus, `wake` when the machine behind it
 * shall be started.
 */
export class TerminalElement extends StrataElement implements TerminalTools {
  static override properties = {
    source: { attribute: false },
    label: { attribute: false },
    scheme: { attribute: false },
    fontSize: { attribute: false },
    fontFamily: { attribute: false },
    screenReader: { attribute: false },
    off: { attribute: false },
    wake: { attribute: false },
    shown: { attribute: false },
    link: { state: true },
    skipped: { state: true },
    selecting: { state: true },
    searching: { state: true },
    note: { state: true },
    control: { state: true },
  };
  declare source: ConsoleSource | undefined;
  declare label: string;
  declare scheme: 'light' | 'dark';
  declare fontSize: number;
  /** Empty: the system's. */
  declare fontFamily: string;
  declare screenReader: boolean;
  /** Why nothing comes from the other end; undefined while the machine is on. */
  declare off: string | undefined;
  /** What the button beside that says; none when undefined. */
  declare wake: string | undefined;
  declare shown: boolean;
  declare private link: string;
  declare private skipped: number;
  declare private selecting: boolean;
  declare private searching: boolean;
  declare private note: string;
  /** Ctrl was touched, for the next key. */
  declare private control: boolean;

  static override styles = [baseStyles, buttonStyles, iconStyles, unsafeCSS(xtermCss), terminalStyles];

  #terminal: Terminal | undefined;
  #pump: OutputPump | undefined;
  #session = new DisposableStore();
  readonly #fit = new FitAddon();
  readonly #scroll = new TouchScroll();
  /** From the first search on: it is a tenth of the page's first script. */
  #search: Promise<SearchAddon> | undefined;

  constructor() {
    super();
    this.source = undefined;
    this.label = '';
    this.scheme = 'dark';
    this.fontSize = 14;
    this.fontFamily = '';
    this.screenReader = false;
    this.off = undefined;
    this.wake = undefined;
    this.shown = true;
    this.link = '';
    this.skipped = 0;
    this.selecting = false;
    this.searching = false;
    this.note = '';
    this.control = false;
  }

  override focus(): void {
    this.#terminal?.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end();
  }

  override render() {
    const skipped = formatBytes(this.skipped);
    return html`
      <div class="frame" @focusin=${() => this.dispatchEvent(new CustomEvent('use'))}>
        <div class="screen" @touchstart=${(event: TouchEvent) => this.#scroll.start(event)} @touchmove=${this.#dragged}></div>
        ${this.searching ? this.#searchBar() : nothing}
        ${this.link ? html`<span class="link">${this.link}</span>` : nothing}
        ${this.skipped > 0 ? html`<span class="skipped" title=${text.terminal.skipped(skipped)}>${icon('failed')}${text.terminal.skippedShort(skipped)}</span>` : nothing}
      </div>
      ${touched.matches ? this.#touchBar() : nothing}
      <div class="foot" role="status">${this.note || this.off ? this.#told() : nothing}</div>
    `;
  }

  /** A touch must not take the focus from the terminal, or the keyboard of the phone would go away. */
  #touchBar() {
    return html`<div class="touch" role="toolbar" aria-label=${text.terminal.touch.label} @pointerdown=${(event: Event) => event.preventDefault()}>
      ${touchKeys.map(
        (key) =>
          html`<button aria-pressed=${key === 'ctrl' ? this.control : nothing} aria-label=${text.terminal.touch.names[key]} @click=${() => this.#touch(key)}>${text.terminal.touch.keys[key]}</button>`,
      )}
    </div>`;
  }

  #touch(key: TouchKey): void {
    const said = touchKeyText(key, this.#terminal?.modes.applicationCursorKeysMode ?? false, this.control);
    this.control = said === undefined && !this.control;
    if (said !== undefined) this.#pump?.send(encoder.encode(said));
    this.focus();
  }

  readonly #dragged = (event: TouchEvent): void => {
    const terminal = this.#terminal;
    if (terminal && event.currentTarget instanceof HTMLElement)
      this.#scroll.move(event, terminal, event.currentTarget.clientHeight / terminal.rows);
  };

  #typed(data: string): void {
    this.#pump?.send(encoder.encode(this.control ? withControl(data) : data));
    this.control = false;
  }

  #told() {
    return html`<p>
      ${icon(this.note ? 'info' : 'off')}<span>${this.note || this.off}</span>
      ${this.off && this.wake ? html`<button @click=${() => this.dispatchEvent(new CustomEvent('wake'))}>${icon('start')}${this.wake}</button>` : nothing}
    </p>`;
  }

  #button(name: IconName, label: string, act: () => void) {
    return html`<button class="quiet icon" aria-label=${label} title=${label} @click=${act}>${icon(name)}</button>`;
  }

  #searchBar() {
    return html`<span class="search" role="search">
      <input
        type="search"
        aria-label=${text.terminal.searchLabel}
        placeholder=${text.terminal.search}
        maxlength="200"
        @input=${() => void this.#find('incremental')}
        @keydown=${this.#searchKey}
      />
      ${this.#button('up', text.terminal.previous, () => void this.#find('previous'))}
      ${this.#button('chevron', text.terminal.next, () => void this.#find('next'))}
      ${this.#button('close', text.terminal.close, () => this.#closeSearch())}
    </span>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('source') || (!this.#terminal && this.shown)) this.#begin();
    if (changed.has('shown') && this.shown) this.#fitNow();
    const terminal = this.#terminal;
    if (!terminal) return;
    if (changed.has('scheme')) {
      terminal.options.theme = terminalThemes[this.scheme];
      this.style.setProperty('--terminal', terminalThemes[this.scheme].background ?? '');
    }
    if (changed.has('screenReader')) terminal.options.screenReaderMode = this.screenReader;
    if (changed.has('label') && terminal.textarea)
      terminal.textarea.setAttribute('aria-label', `${this.label}. ${text.terminal.leave}`);
    if (changed.has('fontSize') || changed.has('fontFamily')) {
      terminal.options.fontSize = this.fontSize;
      terminal.options.fontFamily = this.#fonts;
      this.#fitNow();
    }
  }

  /** A new terminal on the source; the console shows again what was printed before. */
  #begin(): void {
    this.#end();
    const { source } = this;
    const screen = this.renderRoot.querySelector<HTMLElement>('.screen');
    if (!source || !screen || !this.isConnected || !this.shown) return;
    const session = this.#session;
    const terminal = this.#open(screen);
    session.add(terminal);
    this.#terminal = terminal;
    const observer = new ResizeObserver(() => this.#fitNow());
    observer.observe(screen);
    session.add(toDisposable(() => observer.disconnect()));
    this.#fitNow();
    const pump = new OutputPump(
      (onOutput) => source.attachConsole(onOutput),
      terminal,
      (bytes) => {
        this.skipped += bytes;
      },
    );
    session.add(pump);
    this.#pump = pump;
    pump.resize(terminal.cols, terminal.rows);
  }

  get #fonts(): string {
    const usual = getComputedStyle(this).getPropertyValue('--mono') || 'monospace';
    return this.fontFamily === '' ? usual : `"${this.fontFamily}", ${usual}`;
  }

  #open(screen: HTMLElement): Terminal {
    const { renderRoot } = this;
    const terminal = new Terminal({
      theme: terminalThemes[this.scheme],
      fontFamily: this.#fonts,
      fontSize: this.fontSize,
      lineHeight: 1.2,
      scrollback: 5000,
      cursorBlink: false,
      convertEol: this.source?.bareNewlines ?? false,
      // WCAG 1.4.3 and, where more contrast is asked for, 1.4.6.
      minimumContrastRatio: highContrast() ? 7 : 4.5,
      screenReaderMode: this.screenReader,
      linkHandler: {
        activate: (_, link) => this.#follow(link),
        hover: (_, link) => this.#hover(link),
        leave: () => this.#hover(''),
        allowNonHttpProtocols: false,
      },
    });
    this.#fit.activate(terminal);
    terminal.loadAddon(
      new WebLinksAddon((_, link) => this.#follow(link), {
        hover: (_, link) => this.#hover(link),
        leave: () => this.#hover(''),
      }),
    );
    terminal.parser.registerOscHandler(clipboardOsc, () => true);
    terminal.attachCustomKeyEventHandler((event) => this.#key(event));
    terminal.onData((data) => this.#typed(data));
    terminal.onBinary((data) => this.#pump?.send(Uint8Array.from(data, (character) => character.charCodeAt(0))));
    terminal.onResize(({ cols, rows }) => this.#pump?.resize(cols, rows));
    terminal.onTitleChange((title) => {
      this.title = safeTitle(title);
    });
    terminal.onSelectionChange(() => {
      this.selecting = terminal.hasSelection();
    });
    if (renderRoot instanceof ShadowRoot) withAdoptedStyles(renderRoot, () => terminal.open(screen));
    withStyledSpans(terminal);
    terminal.textarea?.setAttribute('aria-label', `${this.label}. ${text.terminal.leave}`);
    this.style.setProperty('--terminal', terminalThemes[this.scheme].background ?? '');
    return terminal;
  }

  #end(): void {
    this.#session.dispose();
    this.#session = new DisposableStore();
    this.#terminal = undefined;
    this.#search = undefined;
    this.#pump = undefined;
    this.link = '';
    this.skipped = 0;
    this.selecting = false;
    this.removeAttribute('title');
  }

  #fitNow(): void {
    // Without a place on the screen there is no size to fit to.
    if (this.#terminal && this.checkVisibility()) this.#fit.fit();
  }

  /** False keeps a key from the guest: the one chord that leaves, and copying when there is something to copy. */
  #key(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown' || !event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return true;
    if (event.code === 'Period') {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent('leave'));
      return false;
    }
    if (event.code === 'KeyC' && this.selecting) {
      event.preventDefault();
      void this.copy();
      return false;
    }
    // The browser pastes by itself: xterm must only keep Ctrl+V from being typed.
    return event.code !== 'KeyV';
  }

  async copy(): Promise<void> {
    const selection = this.#terminal?.getSelection() ?? '';
    await this.#withClipboard(() => navigator.clipboard.writeText(selection));
  }

  async paste(): Promise<void> {
    await this.#withClipboard(async () => this.#terminal?.paste(await navigator.clipboard.readText()));
    this.focus();
  }

  async #withClipboard(use: () => Promise<unknown>): Promise<void> {
    try {
      await use();
      this.note = '';
    } catch {
      // Not allowed, or no clipboard in an insecure context: the keys work without permission.
      this.note = text.terminal.clipboardDenied;
    }
  }

  #follow(link: string): void {
    const address = safeLink(link);
    if (address) window.open(address, '_blank', 'noopener,noreferrer');
  }

  /** Shows where a link really leads: its text may say anything. */
  #hover(link: string): void {
    this.link = safeLink(link) ?? '';
  }

  /** Forgets the lines that were scrolled away. */
  clear(): void {
    this.#terminal?.clear();
  }

  async openSearch(): Promise<void> {
    this.searching = true;
    await this.updateComplete;
    this.renderRoot.querySelector('input')?.focus();
    // What keeps it from coming is told when it is needed.
    await this.#searchAddon().catch(() => undefined);
  }

  #searchAddon(): Promise<SearchAddon> {
    this.#search ??= import('@xterm/addon-search').then(({ SearchAddon }) => {
      const addon = new SearchAddon();
      this.#terminal?.loadAddon(addon);
      return addon;
    });
    return this.#search;
  }

  #closeSearch(): void {
    this.searching = false;
    this.note = '';
    this.focus();
  }

  async #find(how: 'incremental' | 'next' | 'previous'): Promise<void> {
    const search = await this.#searchAddon().catch(() => undefined);
    if (!search) {
      this.#search = undefined;
      this.note = text.notLoaded;
      return;
    }
    const wanted = this.renderRoot.querySelector('input')?.value ?? '';
    if (wanted === '') return;
    const found =
      how === 'previous'
        ? search.findPrevious(wanted)
        : search.findNext(wanted, { incremental: how === 'incremental' });
    this.note = found ? '' : text.terminal.nothing;
  }

  readonly #searchKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') void this.#find(event.shiftKey ? 'previous' : 'next');
    if (event.key === 'Escape') this.#closeSearch();
  };
}

/** Asked for by the system, or on this page. */
function highContrast(): boolean {
  return matchMedia('(prefers-contrast: more)').matches || document.documentElement.dataset['contrast'] === 'more';
}

define('strata-terminal', TerminalElement);
