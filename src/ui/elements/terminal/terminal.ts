import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
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
import { withAdoptedStyles } from './adopted-styles';
import { OutputPump } from './output-pump';
import { terminalStyles } from './terminal.styles';
import { safeLink, safeTitle } from './terminal-link';
import { terminalThemes } from './terminal-theme';

/** What a terminal is attached to. */
export type ConsoleSource = Pick<Instance, 'attachConsole'>;

/** OSC 52 lets output write the clipboard; a guest has no business there. */
const clipboardOsc = 52;

const encoder = new TextEncoder();

/**
 * A terminal on an instance's console. Fires `leave` when a person leaves it by keyboard, `font-size` with
 * the wished size, `screen-reader` with the wished mode.
 */
export class TerminalElement extends StrataElement {
  static override properties = {
    source: { attribute: false },
    label: { attribute: false },
    scheme: { attribute: false },
    fontSize: { attribute: false },
    screenReader: { attribute: false },
    off: { attribute: false },
    shownTitle: { state: true },
    link: { state: true },
    skipped: { state: true },
    selecting: { state: true },
    searching: { state: true },
    note: { state: true },
  };
  declare source: ConsoleSource | undefined;
  declare label: string;
  declare scheme: 'light' | 'dark';
  declare fontSize: number;
  declare screenReader: boolean;
  /** Why nothing comes from the other end; undefined while the machine is on. */
  declare off: string | undefined;
  declare private shownTitle: string;
  declare private link: string;
  declare private skipped: number;
  declare private selecting: boolean;
  declare private searching: boolean;
  declare private note: string;

  static override styles = [baseStyles, buttonStyles, iconStyles, unsafeCSS(xtermCss), terminalStyles];

  #terminal: Terminal | undefined;
  #pump: OutputPump | undefined;
  #session = new DisposableStore();
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();

  constructor() {
    super();
    this.source = undefined;
    this.label = '';
    this.scheme = 'dark';
    this.fontSize = 14;
    this.screenReader = false;
    this.off = undefined;
    this.shownTitle = '';
    this.link = '';
    this.skipped = 0;
    this.selecting = false;
    this.searching = false;
    this.note = '';
  }

  override focus(): void {
    this.#terminal?.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end();
  }

  override render() {
    return html`
      <div class="bar" role="toolbar" aria-label=${this.label}>
        <span class="title" title=${this.link || this.shownTitle}>${this.link || this.shownTitle}</span>
        ${this.skipped > 0 ? html`<span class="skipped" title=${text.terminal.skipped(formatBytes(this.skipped))}>${icon('failed')}${text.log.skipped(formatBytes(this.skipped))}</span>` : nothing}
        ${this.searching ? this.#searchBar() : nothing}
        ${this.selecting ? this.#button('copy', text.terminal.copy, () => this.#copy()) : nothing}
        ${this.#button('paste', text.terminal.paste, () => this.#paste())}
        ${this.#button('search', text.terminal.search, () => this.#openSearch(), this.searching)}
        ${this.#button('smaller', text.terminal.smaller, () => this.#wish('font-size', this.fontSize - 1))}
        ${this.#button('larger', text.terminal.larger, () => this.#wish('font-size', this.fontSize + 1))}
        ${this.#button('reader', text.terminal.screenReaderHint, () => this.#wish('screen-reader', !this.screenReader), this.screenReader)}
      </div>
      <div class="frame"><div class="screen"></div></div>
      <p class="foot">
        <span role="status">${this.note || this.off || ''}</span>
        <span class="leave">${text.terminal.leave}</span>
      </p>
    `;
  }

  #button(name: IconName, label: string, act: () => void, pressed?: boolean) {
    return html`<button class="quiet icon" aria-label=${label} title=${label} aria-pressed=${pressed ?? nothing} @click=${act}>${icon(name)}</button>`;
  }

  #searchBar() {
    return html`<span class="search" role="search">
      <input
        type="search"
        aria-label=${text.terminal.searchLabel}
        placeholder=${text.terminal.search}
        maxlength="200"
        @input=${() => this.#find('incremental')}
        @keydown=${this.#searchKey}
      />
      ${this.#button('up', text.terminal.previous, () => this.#find('previous'))}
      ${this.#button('chevron', text.terminal.next, () => this.#find('next'))}
      ${this.#button('close', text.terminal.close, () => this.#closeSearch())}
    </span>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('source') || !this.#terminal) this.#begin();
    const terminal = this.#terminal;
    if (!terminal) return;
    if (changed.has('scheme')) {
      terminal.options.theme = terminalThemes[this.scheme];
      this.style.setProperty('--terminal', terminalThemes[this.scheme].background ?? '');
    }
    if (changed.has('screenReader')) terminal.options.screenReaderMode = this.screenReader;
    if (changed.has('label') && terminal.textarea)
      terminal.textarea.setAttribute('aria-label', `${this.label}. ${text.terminal.leave}`);
    if (changed.has('fontSize')) {
      terminal.options.fontSize = this.fontSize;
      this.#fitNow();
    }
  }

  /** A new terminal on the source; the console shows again what was printed before. */
  #begin(): void {
    this.#end();
    const { source } = this;
    const screen = this.renderRoot.querySelector<HTMLElement>('.screen');
    if (!source || !screen || !this.isConnected) return;
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

  #open(screen: HTMLElement): Terminal {
    const { renderRoot } = this;
    const terminal = new Terminal({
      theme: terminalThemes[this.scheme],
      fontFamily: getComputedStyle(this).getPropertyValue('--mono') || 'monospace',
      fontSize: this.fontSize,
      lineHeight: 1.2,
      scrollback: 5000,
      cursorBlink: false,
      minimumContrastRatio: 4.5,
      screenReaderMode: this.screenReader,
      linkHandler: {
        activate: (_, link) => this.#follow(link),
        hover: (_, link) => this.#hover(link),
        leave: () => this.#hover(''),
        allowNonHttpProtocols: false,
      },
    });
    this.#search.activate(terminal);
    this.#fit.activate(terminal);
    terminal.loadAddon(
      new WebLinksAddon((_, link) => this.#follow(link), {
        hover: (_, link) => this.#hover(link),
        leave: () => this.#hover(''),
      }),
    );
    terminal.parser.registerOscHandler(clipboardOsc, () => true);
    terminal.attachCustomKeyEventHandler((event) => this.#key(event));
    terminal.onData((data) => this.#pump?.send(encoder.encode(data)));
    terminal.onBinary((data) => this.#pump?.send(Uint8Array.from(data, (character) => character.charCodeAt(0))));
    terminal.onResize(({ cols, rows }) => this.#pump?.resize(cols, rows));
    terminal.onTitleChange((title) => {
      this.shownTitle = safeTitle(title);
    });
    terminal.onSelectionChange(() => {
      this.selecting = terminal.hasSelection();
    });
    if (renderRoot instanceof ShadowRoot) withAdoptedStyles(renderRoot, () => terminal.open(screen));
    terminal.textarea?.setAttribute('aria-label', `${this.label}. ${text.terminal.leave}`);
    this.style.setProperty('--terminal', terminalThemes[this.scheme].background ?? '');
    return terminal;
  }

  #end(): void {
    this.#session.dispose();
    this.#session = new DisposableStore();
    this.#terminal = undefined;
    this.#pump = undefined;
    this.shownTitle = '';
    this.link = '';
    this.skipped = 0;
    this.selecting = false;
  }

  #fitNow(): void {
    if (this.#terminal && this.offsetParent) this.#fit.fit();
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
      void this.#copy();
      return false;
    }
    // The browser pastes by itself: xterm must only keep Ctrl+V from being typed.
    return event.code !== 'KeyV';
  }

  async #copy(): Promise<void> {
    const selection = this.#terminal?.getSelection() ?? '';
    await this.#withClipboard(() => navigator.clipboard.writeText(selection));
  }

  async #paste(): Promise<void> {
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

  async #openSearch(): Promise<void> {
    this.searching = true;
    await this.updateComplete;
    this.renderRoot.querySelector('input')?.focus();
  }

  #closeSearch(): void {
    this.searching = false;
    this.note = '';
    this.focus();
  }

  #find(how: 'incremental' | 'next' | 'previous'): void {
    const wanted = this.renderRoot.querySelector('input')?.value ?? '';
    if (wanted === '') return;
    const found =
      how === 'previous'
        ? this.#search.findPrevious(wanted)
        : this.#search.findNext(wanted, { incremental: how === 'incremental' });
    this.note = found ? '' : text.terminal.nothing;
  }

  readonly #searchKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') this.#find(event.shiftKey ? 'previous' : 'next');
    if (event.key === 'Escape') this.#closeSearch();
  };

  #wish(type: string, detail: number | boolean): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

define('strata-terminal', TerminalElement);
