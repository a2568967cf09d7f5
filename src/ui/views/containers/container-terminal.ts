import { css, html, nothing } from 'lit';
import type { ContainerSummary } from '../../../api/container';
import type { ContainerShelf } from '../../containers/container-shelf';
import { containerShellHost } from '../../containers/container-shell';
import { LogSource } from '../../containers/log-source';
import '../../elements/terminal/terminal';
import { containerName } from '../../containers/container-actions';
import type { ConsoleSource } from '../../elements/terminal/terminal';
import { terminalFontSize } from '../../settings';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { ShellSource } from '../../terminals/shell-source';
import { text } from '../../text';
import { containerText } from '../../text/containers';
import { containerStyles } from './container-styles';

/** What a container has written and writes, or a shell in it. */
export class ContainerTerminal extends StrataElement {
  static override properties = {
    store: { attribute: false },
    shelf: { attribute: false },
    container: { attribute: false },
    what: { attribute: false },
    scheme: { attribute: false },
    source: { state: true },
  };
  declare store: Store | undefined;
  declare shelf: ContainerShelf | undefined;
  declare container: ContainerSummary | undefined;
  declare what: 'logs' | 'shell';
  declare scheme: 'light' | 'dark';
  declare private source: ConsoleSource | undefined;
  /** What `source` is of. */
  #of = '';

  static override styles = [
    baseStyles,
    containerStyles,
    css`
      :host {
        display: flex;
        flex: 1 0 auto;
        flex-direction: column;
        /* Where the page is low it says so. */
        height: var(--low-terminal, 0);
        min-height: 0;
      }
      strata-terminal {
        flex: 1;
        min-height: 0;
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
    this.container = undefined;
    this.what = 'logs';
    this.scheme = 'dark';
    this.source = undefined;
  }

  override render() {
    const { store, container, source } = this;
    if (!store || !container) return nothing;
    if (this.what === 'shell' && container.State !== 'running')
      return html`<p class="note">${containerText.onlyRunning(container.State)}</p>`;
    if (!source) return nothing;
    const { screenReader } = store.settings.values.value;
    const name = containerName(container);
    return html`<strata-terminal
      .source=${source}
      .label=${this.what === 'logs' ? containerText.logs.label(name) : containerText.terminal(name)}
      .scheme=${this.scheme}
      .fontSize=${terminalFontSize(store.settings.values.value)}
      .fontFamily=${store.settings.values.value.fontFamily}
      .screenReader=${screenReader}
      .shown=${true}
      @leave=${() => this.dispatchEvent(new CustomEvent('leave'))}
    ></strata-terminal>`;
  }

  protected override willUpdate(): void {
    const { shelf, container } = this;
    if (!shelf || !container) return;
    // A container that was started again is another one to both.
    const of = `${container.Id} ${this.what} ${container.State === 'running'}`;
    if (of === this.#of) return;
    this.#of = of;
    this.source = this.what === 'logs' ? this.#logs(shelf, container) : shellOf(shelf, container);
  }

  #logs(shelf: ContainerShelf, { Id }: ContainerSummary): ConsoleSource {
    return new LogSource(shelf.engine.containers, Id, containerText.logs);
  }
}

function shellOf({ engine }: ContainerShelf, { Id }: ContainerSummary): ConsoleSource {
  return new ShellSource({ host: () => containerShellHost(engine, Id), words: shellWords });
}

const shellWords = {
  ended: text.dock.ended,
  failed: text.dock.failed,
  lost: text.dock.lost,
  off: () => text.dock.off,
  gone: () => text.dock.gone,
};

define('strata-container-terminal', ContainerTerminal);
