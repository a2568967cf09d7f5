import { html, nothing } from 'lit';
import '../../elements/empty-state/empty-state';
import { icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/instance-list/instance-list';
import '../../elements/menu-button/menu-button';
import type { PickEvent } from '../../elements/menu-button/menu-button';
import '../../elements/notice/notice';
import '../../elements/task-drawer/task-drawer';
import '../../elements/toast-list/toast-list';
import { flavors, standardFlavor } from '../../flavors';
import type { Theme } from '../../settings';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { text } from '../../text';
import '../instance/instance-view';
import type { InstanceDraft } from '../../../engine/lab';
import type { InstanceView } from '../instance/instance-view';
import { appViewStyles } from './app-view.styles';

const themeIcons = { system: 'system', light: 'sun', dark: 'moon' } as const;

/** The whole page: header, machines, the selected machine, tasks and messages. */
export class AppView extends StrataElement {
  static override properties = { store: { attribute: false }, scheme: { attribute: false }, listOpen: { state: true } };
  declare store: Store | undefined;
  declare scheme: 'light' | 'dark';
  /** On a narrow page the list is folded away. */
  declare private listOpen: boolean;

  static override styles = [baseStyles, buttonStyles, iconStyles, appViewStyles];

  constructor() {
    super();
    this.store = undefined;
    this.scheme = 'dark';
    this.listOpen = false;
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    const selected = store.selected.value;
    const { persistent, reason } = store.storage.value;
    return html`
      ${this.#header(store)}
      ${persistent ? nothing : html`<strata-notice .message=${text.storage.memory} .reason=${reason && text.storage.reason(reason)}></strata-notice>`}
      <div class="panes">
        ${store.instances.value.length === 0 ? nothing : this.#list(store)}
        <main tabindex="-1">
          ${
            selected
              ? html`<strata-instance-view .store=${store} .record=${selected} .scheme=${this.scheme}></strata-instance-view>`
              : html`<strata-empty-state @launch=${() => this.#launch(standardFlavor.draft)}></strata-empty-state>`
          }
        </main>
      </div>
      <footer>
        <strata-task-drawer
          .tasks=${store.tasks.value}
          .open=${store.tasksOpen.value}
          .now=${store.now.value}
          @toggle=${() => store.showTasks(!store.tasksOpen.value)}
          @stop-task=${(event: CustomEvent<string>) => store.cancel(event.detail)}
        ></strata-task-drawer>
        <strata-toast-list
          .toasts=${store.toasts.value}
          @dismiss=${(event: CustomEvent<number>) => store.dismiss(event.detail)}
          @undo=${(event: CustomEvent<string>) => store.cancel(event.detail)}
        ></strata-toast-list>
      </footer>
      <div class="unseen" role="status">${store.announcement.value}</div>
    `;
  }

  #header(store: Store) {
    const { theme } = store.settings.values.value;
    return html`<header>
      <button class="skip" @click=${this.#skip}>${text.skip}</button>
      <h1>${icon('layers')}<span>${text.product}</span></h1>
      <span class="stratum"><span class="number">${text.stratum.number}</span>${text.stratum.name}</span>
      <strata-menu-button
        .label=${text.theme.button(text.theme[theme])}
        .icon=${themeIcons[theme]}
        .align=${'end'}
        .items=${(['system', 'light', 'dark'] as const).map((id) => ({ id, label: text.theme[id], checked: id === theme }))}
        @pick=${(event: PickEvent) => store.settings.change({ theme: event.detail as Theme })}
      ></strata-menu-button>
    </header>`;
  }

  #list(store: Store) {
    const instances = store.instances.value;
    return html`<nav aria-label=${text.list.heading} class=${this.listOpen ? 'open' : ''}>
      <div class="list-bar">
        <h2>${text.list.heading}</h2>
        <button class="quiet fold" aria-expanded=${this.listOpen} @click=${() => (this.listOpen = !this.listOpen)}>
          ${text.list.toggle(instances.length)}${icon('chevron')}
        </button>
        <strata-menu-button
          .main=${text.create.button}
          .label=${text.create.more}
          .items=${flavors.map(({ id }) => ({ id, ...text.flavors[id] }))}
          @main=${() => this.#launch(standardFlavor.draft)}
          @pick=${(event: PickEvent) => this.#pickFlavor(event.detail)}
        ></strata-menu-button>
      </div>
      <strata-instance-list
        .instances=${instances}
        .stats=${store.stats.value}
        .selectedId=${store.selected.value?.id}
        .now=${store.now.value}
        @pick=${(event: CustomEvent<string>) => this.#select(event.detail)}
      ></strata-instance-list>
    </nav>`;
  }

  #select(id: string): void {
    this.store?.select(id);
    this.listOpen = false;
  }

  #pickFlavor(id: string): void {
    const flavor = flavors.find((each) => each.id === id);
    if (flavor) this.#launch(flavor.draft);
  }

  async #launch(draft: InstanceDraft): Promise<void> {
    this.store?.launch(draft);
    await this.updateComplete;
    await this.renderRoot.querySelector<InstanceView>('strata-instance-view')?.focusTerminal();
  }

  readonly #skip = (): void => {
    this.renderRoot.querySelector<HTMLElement>('main')?.focus();
  };
}

define('strata-app', AppView);
