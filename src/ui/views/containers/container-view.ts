import { css, html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { ContainerSummary } from '../../../api/container';
import {
  actionsByStatus,
  type ContainerAction,
  containerIcons,
  containerName,
  containerPorts,
} from '../../containers/container-actions';
import { actOnContainer, wholeContainerMenu } from '../../containers/container-menu';
import type { ContainerShelf } from '../../containers/container-shelf';
import { icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/menu-button/menu-button';
import type { PickEvent } from '../../elements/menu-button/menu-button';
import { type ContainerTab, containerTabs, formatRoute } from '../../route';
import { ShownEntry } from '../../shown-entry';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { text } from '../../text';
import { containerText } from '../../text/containers';
import { instanceViewStyles } from '../instance/instance-view.styles';
import './container-changes';
import './container-files';
import './container-inspect';
import './container-kernel';
import './container-network';
import './container-ports';
import './container-processes';
import { containerState } from './container-state';
import './container-stats';
import { containerStyles } from './container-styles';
import './container-terminal';

/** One container: what it is, what can be done to it, and a view of it for each tab. */
export class ContainerView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    shelf: { attribute: false },
    container: { attribute: false },
    tab: { attribute: false },
    scheme: { attribute: false },
  };
  declare store: Store | undefined;
  declare shelf: ContainerShelf | undefined;
  /** Its id. */
  declare container: string;
  declare tab: ContainerTab;
  declare scheme: 'light' | 'dark';

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    instanceViewStyles,
    containerStyles,
    css`
      .gone {
        display: grid;
        gap: var(--s1);
        justify-items: center;
        padding: var(--s4);
        text-align: center;
      }
      .gone a {
        color: var(--accent);
      }
    `,
  ];

  /** The one that was shown last. */
  #seen: string | undefined;

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
    this.container = '';
    this.tab = 'logs';
    this.scheme = 'dark';
    this.addController(new ShownEntry(this));
  }

  override render() {
    const { store, shelf } = this;
    if (!store || !shelf) return nothing;
    const summary = shelf.containers.value.find(({ Id }) => Id === this.container);
    if (!summary) {
      return html`<div class="gone">
        <h2>${containerText.gone}</h2>
        <p class="muted">${containerText.goneDetail}</p>
        <a href=${formatRoute({ view: 'containers' })}>${containerText.back}</a>
      </div>`;
    }
    return html`
      <header>
        <div class="name">
          <h2 tabindex="-1">${containerName(summary)}</h2>
          ${containerState(summary)}
          <span class="kind">${[summary.Image, containerPorts(summary), ...addressesOf(summary)].filter(Boolean).join(', ')}</span>
        </div>
        <div class="actions" role="toolbar" aria-label=${containerText.more(containerName(summary))}>
          ${repeat(
            actionsByStatus[summary.State],
            (action) => action,
            (action) => this.#button(store, shelf, summary, action),
          )}
          <strata-menu-button
            .label=${`${text.more}: ${containerText.more(containerName(summary))}`}
            .words=${text.more}
            .align=${'end'}
            .items=${wholeContainerMenu(summary)}
            @pick=${(event: PickEvent) => actOnContainer(store, shelf, summary, event.detail)}
          ></strata-menu-button>
        </div>
      </header>
      <nav aria-label=${containerText.views}>
        ${containerTabs.map(
          (tab) =>
            html`<a href=${formatRoute({ view: 'container', id: summary.Id, tab })} aria-current=${tab === this.tab ? 'page' : nothing}>${containerText.tabs[tab]}</a>`,
        )}
      </nav>
      <div class="view" tabindex="0" role="group" aria-label=${containerText.tabs[this.tab]}>${this.#view(store, shelf, summary)}</div>
    `;
  }

  /** The view of a container that was removed gives way to the list. */
  protected override updated(): void {
    const summary = this.shelf?.containers.value.find(({ Id }) => Id === this.container);
    if (!this.isConnected) return;
    if (summary) {
      this.#seen = this.container;
      document.title = text.title(containerName(summary), text.nav.containers);
    } else if (this.#seen === this.container) this.store?.go({ view: 'containers' });
  }

  #button(store: Store, shelf: ContainerShelf, summary: ContainerSummary, action: ContainerAction) {
    const filled = action === 'start' || action === 'unpause' ? 'filled' : '';
    return html`<button class=${filled} data-action=${action} @click=${() => actOnContainer(store, shelf, summary, action)}>
      ${icon(containerIcons[action])}<span>${containerText.actions[action]}</span>
    </button>`;
  }

  #view(store: Store, shelf: ContainerShelf, summary: ContainerSummary): TemplateResult {
    const views: Readonly<Record<ContainerTab, () => TemplateResult>> = {
      logs: () => this.#terminal(store, shelf, summary, 'logs'),
      terminal: () => this.#terminal(store, shelf, summary, 'shell'),
      ports: () => html`<strata-container-ports .store=${store} .container=${summary}></strata-container-ports>`,
      stats: () =>
        html`<strata-container-stats .series=${shelf.series.value.get(summary.Id)} .state=${summary.State}></strata-container-stats>`,
      processes: () =>
        html`<strata-container-processes .shelf=${shelf} .container=${summary} .now=${store.now.value}></strata-container-processes>`,
      files: () =>
        html`<strata-container-files .store=${store} .containers=${shelf} .container=${summary}></strata-container-files>`,
      network: () => html`<strata-container-network .shelf=${shelf} .container=${summary}></strata-container-network>`,
      changes: () => html`<strata-container-changes .shelf=${shelf} .container=${summary}></strata-container-changes>`,
      kernel: () =>
        html`<strata-container-kernel .shelf=${shelf} .container=${summary} .now=${store.now.value}></strata-container-kernel>`,
      inspect: () => html`<strata-container-inspect .shelf=${shelf} .container=${summary}></strata-container-inspect>`,
    };
    return views[this.tab]();
  }

  #terminal(store: Store, shelf: ContainerShelf, summary: ContainerSummary, what: 'logs' | 'shell') {
    return html`<strata-container-terminal
      .store=${store}
      .shelf=${shelf}
      .container=${summary}
      .what=${what}
      .scheme=${this.scheme}
      @leave=${() => this.renderRoot.querySelector<HTMLElement>('nav [aria-current]')?.focus()}
    ></strata-container-terminal>`;
  }
}

function addressesOf({ NetworkSettings }: ContainerSummary): readonly string[] {
  return Object.values(NetworkSettings.Networks).flatMap(({ IPAddress }) => (IPAddress ? [IPAddress] : []));
}

define('strata-container-view', ContainerView);
