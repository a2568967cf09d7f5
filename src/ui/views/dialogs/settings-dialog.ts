import { css, html, nothing, type TemplateResult } from 'lit';
import { formatBytes } from '../../../base/bytes';
import { estimateStorage, type StorageEstimate } from '../../../storage/quota';
import { fontSizes, type SettingValues } from '../../settings';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { text } from '../../text';
import { settingsText } from '../../text/settings';
import { DialogElement, type DialogFrame } from './dialog-element';

/** What a person can choose for this page; each choice holds at once. */
export class SettingsDialog extends DialogElement {
  static override properties = { ...DialogElement.properties, estimate: { state: true } };
  declare private estimate: StorageEstimate | undefined;

  static override styles = [
    ...DialogElement.styles,
    css`
      section {
        display: grid;
        gap: var(--s1);
      }
      h3 {
        font-size: var(--t2);
      }
      .three {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(130px, 1fr));
        gap: var(--s1) var(--s2);
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--s1);
        font-size: var(--t1);
      }
    `,
  ];

  constructor() {
    super();
    this.estimate = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void estimateStorage().then((estimate) => {
      this.estimate = estimate;
    });
  }

  protected override frame(store: Store): DialogFrame {
    const values = store.settings.values.value;
    const change = (part: Partial<SettingValues>): void => store.settings.change(part);
    return {
      heading: text.dialogs.settings,
      body: html`
        ${part(
          settingsText.look,
          html`<div class="three">
              ${choice(text.theme.label, { system: text.theme.system, light: text.theme.light, dark: text.theme.dark }, values.theme, (theme) => change({ theme }), true)}
              ${choice(settingsText.contrast, settingsText.contrasts, values.contrast, (contrast) => change({ contrast }))}
              ${choice(settingsText.motion, settingsText.motions, values.motion, (motion) => change({ motion }))}
            </div>
            ${check(settingsText.stage, values.stage, (stage) => change({ stage }))}`,
        )}
        ${part(
          settingsText.terminal,
          html`<label class="field">
              <span>${settingsText.fontSize}</span>
              <input
                type="number"
                min=${fontSizes.smallest}
                max=${fontSizes.largest}
                .value=${String(values.fontSize)}
                @change=${(event: Event) => change({ fontSize: (event.target as HTMLInputElement).valueAsNumber })}
              />
            </label>
            ${check(settingsText.reader, values.screenReader, (screenReader) => change({ screenReader }))}`,
        )}
        ${part(
          settingsText.help,
          html`${check(settingsText.lecture, values.lecture, (lecture) => change({ lecture }))}
          ${check(settingsText.keys, values.singleKeys, (singleKeys) => change({ singleKeys }))}`,
        )}
        ${part(settingsText.storage, this.#storage(store))} ${part(settingsText.egress, egress(store))}
      `,
    };
  }

  #storage(store: Store) {
    const { persistent } = store.storage.value;
    const { estimate } = this;
    return html`<p class="hint">
      ${persistent ? settingsText.lasts : settingsText.lastsNot}
      ${estimate ? settingsText.used(formatBytes(estimate.usage), formatBytes(estimate.quota)) : nothing}
    </p>`;
  }
}

function part(heading: string, body: TemplateResult) {
  return html`<section><h3>${heading}</h3>${body}</section>`;
}

function egress(store: Store) {
  return html`${store.networks.value.map(
    ({ name, egress }) => html`<div class="row">
      <span>${name}: ${text.egress.of(egress)}</span>
      <button type="button" @click=${() => store.ask({ kind: 'egress', network: name })}>${settingsText.change(name)}</button>
    </div>`,
  )}`;
}

function check(label: string, checked: boolean, set: (checked: boolean) => void) {
  return html`<label class="check">
    <input type="checkbox" .checked=${checked} @change=${() => set(!checked)} />
    ${label}
  </label>`;
}

function choice<Value extends string>(
  label: string,
  options: Readonly<Record<Value, string>>,
  chosen: Value,
  set: (value: Value) => void,
  first = false,
) {
  const values = Object.keys(options) as Value[];
  return html`<label class="field">
    <span>${label}</span>
    <select ?data-first=${first} @change=${(event: Event) => set((event.target as HTMLSelectElement).value as Value)}>
      ${values.map((value) => html`<option value=${value} ?selected=${value === chosen}>${options[value]}</option>`)}
    </select>
  </label>`;
}

define('strata-settings-dialog', SettingsDialog);
