import { html, nothing } from 'lit';
import type { InstanceDraft } from '../../../engine/instance-record';
import { type IconName, icon } from '../../elements/icon/icon';
import type { MenuItem } from '../../elements/menu/menu';
import '../../elements/menu-button/menu-button';
import type { PickEvent } from '../../elements/menu-button/menu-button';
import { flavors, standardFlavor } from '../../flavors';
import { formatRoute, placeOf } from '../../route';
import type { Theme } from '../../settings';
import type { Store } from '../../store';
import { stratumOf } from '../../strata';
import { text } from '../../text';

const themeIcons = { system: 'system', light: 'sun', dark: 'moon' } as const;

/** What can be made, in the order of the menu. */
const newItems: readonly MenuItem[] = [
  { id: 'custom', ...text.create.custom },
  ...flavors.map(({ id }) => ({ id, ...text.flavors[id] })),
  { id: 'unikernel', ...text.create.unikernel },
  { id: 'app', ...text.create.app },
  { id: 'machine', ...text.create.machine },
  { id: 'container', ...text.create.container },
];

export interface PageHeaderActs {
  readonly launch: (draft: InstanceDraft) => void;
  /** Moves the focus to the view. */
  readonly skip: () => void;
}

/** Name, place, what can be made, and the page's tools. Without the machines (`owner`) nothing can be made. */
export function pageHeader(store: Store, owner: boolean, { launch, skip }: PageHeaderActs) {
  const { theme } = store.settings.values.value;
  const stratum = stratumOf(placeOf(store.route.value));
  return html`<header>
    <button class="skip" @click=${skip}>${text.skip}</button>
    <h1><a href=${formatRoute({ view: 'overview' })} aria-label=${text.product}>${icon('layers')}<span>${text.product}</span></a></h1>
    ${stratum ? html`<span class="stratum"><span class="number">${stratum}</span>${text.strata[stratum]}</span>` : nothing}
    <div class="tools">
      ${
        owner
          ? html`<strata-menu-button
                .main=${text.create.button}
                .label=${text.create.more}
                .align=${'end'}
                .items=${newItems}
                @main=${() => launch(standardFlavor.draft)}
                @pick=${(event: PickEvent) => pickNew(store, event.detail, launch)}
              ></strata-menu-button>
              ${tool('command', `${text.dialogs.commands} (Ctrl+K)`, () => store.ask({ kind: 'palette' }))}`
          : nothing
      }
      ${tool('settings', text.dialogs.settings, () => store.ask({ kind: 'settings' }))}
      ${tool('help', text.shortcuts, () => store.ask({ kind: 'help' }))}
      <strata-menu-button
        class="theme"
        .label=${text.theme.button(text.theme[theme])}
        .icon=${themeIcons[theme]}
        .align=${'end'}
        .items=${(['system', 'light', 'dark'] as const).map((id) => ({ id, label: text.theme[id], checked: id === theme }))}
        @pick=${(event: PickEvent) => store.settings.change({ theme: event.detail as Theme })}
      ></strata-menu-button>
    </div>
  </header>`;
}

function tool(name: IconName, label: string, act: () => void) {
  return html`<button class="quiet icon" aria-label=${label} title=${label} @click=${act}>${icon(name)}</button>`;
}

function pickNew(store: Store, id: string, launch: PageHeaderActs['launch']): void {
  const flavor = flavors.find((each) => each.id === id);
  if (flavor) launch(flavor.draft);
  else if (id === 'unikernel') store.ask({ kind: 'new-unikernel' });
  else if (id === 'app') store.ask({ kind: 'new-app' });
  else if (id === 'machine') store.ask({ kind: 'new-machine' });
  else if (id === 'container') store.ask({ kind: 'new-container' });
  else store.ask({ kind: 'new-vm' });
}
