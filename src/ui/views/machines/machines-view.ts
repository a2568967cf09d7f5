import { css, html, nothing } from 'lit';
import type { InstanceId } from '../../../api/instance';
import '../../elements/empty-state/empty-state';
import { icon, iconStyles } from '../../elements/icon/icon';
import '../../elements/instance-table/instance-table';
import type { RowMenu } from '../../elements/instance-table/instance-table';
import { requestMenu } from '../../elements/menu/menu';
import { standardFlavor } from '../../flavors';
import type { PlainAction, Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { actionIcons, actionsOf, actOn, instanceMenu } from '../instance/instance-actions';

const bulkActions: readonly PlainAction[] = ['start', 'stop', 'pause', 'resume', 'remove'];

/** All instances, with what can be done to one and to several. */
export class MachinesView extends StrataElement {
  static override properties = { store: { attribute: false }, chosen: { state: true } };
  declare store: Store | undefined;
  declare private chosen: ReadonlySet<InstanceId>;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    viewStyles,
    css`
      .bulk {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s1);
        margin-left: auto;
        font-size: var(--t1);
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.chosen = new Set();
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    const records = store.instances.value;
    const top = html`<div class="top"><h2>${text.list.heading}</h2></div>`;
    if (records.length === 0) {
      return html`${top}<strata-empty-state @launch=${() => this.dispatchEvent(new CustomEvent('launch', { detail: standardFlavor.draft }))}></strata-empty-state>`;
    }
    return html`
      ${top}
      <div class="panel">
        <strata-instance-table
          .instances=${records}
          .series=${store.series.value}
          .now=${store.now.value}
          .chosen=${this.chosen}
          @choose=${(event: CustomEvent<readonly InstanceId[]>) => this.#choose(event.detail)}
          @row-menu=${(event: CustomEvent<RowMenu>) => this.#menu(store, event.detail)}
        >
          ${this.#bulk(store)}
        </strata-instance-table>
      </div>
    `;
  }

  #bulk(store: Store) {
    const chosen = store.instances.value.filter(({ id }) => this.chosen.has(id));
    if (chosen.length === 0) return nothing;
    return html`<div class="bulk" role="toolbar" aria-label=${text.table.bulk}>
      <span role="status">${text.table.selected(chosen.length)}</span>
      ${bulkActions.map((action) => {
        const able = chosen.filter((record) => actionsOf(record).includes(action));
        if (able.length === 0) return nothing;
        return html`<button title=${text.actionHints[action]} @click=${() => this.#all(store, action)}>
          ${icon(actionIcons[action])}${text.actions[action]}
        </button>`;
      })}
    </div>`;
  }

  #all(store: Store, action: PlainAction): void {
    for (const record of store.instances.value) {
      if (this.chosen.has(record.id) && actionsOf(record).includes(action)) store.act(action, record.id);
    }
  }

  #choose(ids: readonly InstanceId[]): void {
    this.chosen = new Set(ids);
  }

  #menu(store: Store, { id, place, back }: RowMenu): void {
    const record = store.instances.value.find((each) => each.id === id);
    if (!record) return;
    requestMenu(this, {
      label: text.table.menu(record.name),
      items: instanceMenu(store, record),
      place,
      back,
      pick: (picked) => actOn(store, record, picked),
    });
  }
}

define('strata-machines-view', MachinesView);
