import { css, html, nothing, type TemplateResult } from 'lit';
import { formatBytes } from '../../../base/bytes';
import { estimateStorage, type StorageEstimate } from '../../../storage/quota';
import type { ImageShelf } from '../../images/image-shelf';
import { isKept } from '../../is-kept';
import type { Place } from '../../route';
import { fontSizes, parseSettings, type SettingValues } from '../../settings';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { fontFitness, fontsHere } from '../../terminal-fonts';
import { text } from '../../text';
import { egressText } from '../../text/egress';
import { settingsText } from '../../text/settings';
import type { VolumeShelf } from '../../volumes/volume-shelf';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';
import { formFieldStyles, wordField } from './form-fields';

/** What a person can choose for this page; each choice holds at once. */
export class SettingsDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    estimate: { state: true },
    kept: { state: true },
    refused: { state: true },
    images: { state: true },
    volumes: { state: true },
    font: { state: true },
  };
  declare private estimate: StorageEstimate | undefined;
  /** Whether the browser keeps what is stored when room is short; undefined until it was asked. */
  declare private kept: boolean | undefined;
  /** Whether it was asked to, and did not agree. */
  declare private refused: boolean;
  declare private images: ImageShelf | undefined;
  declare private volumes: VolumeShelf | undefined;
  /** The name of another font than those on offer, as it is typed. */
  declare private font: string | undefined;

  readonly #fonts = fontsHere();

  static override styles = [
    ...DialogElement.styles,
    formFieldStyles,
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
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 9rem), 1fr));
        gap: var(--s1) var(--s2);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
      }
      ul {
        display: grid;
        gap: var(--s0);
        padding: 0;
        list-style: none;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--s1);
        font-size: var(--t1);
        overflow-wrap: anywhere;
      }
      .row > * {
        min-width: 0;
      }
      .row button {
        line-height: 1.2;
        white-space: normal;
      }
    `,
  ];

  constructor() {
    super();
    this.estimate = undefined;
    this.kept = undefined;
    this.refused = false;
    this.images = undefined;
    this.volumes = undefined;
    this.font = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void estimateStorage().then((estimate) => {
      this.estimate = estimate;
    });
    void isKept().then((kept) => {
      this.kept = kept;
    });
  }

  protected override firstUpdated(): void {
    super.firstUpdated();
    void this.store?.parts.volumes.get().then((volumes) => {
      this.volumes = volumes;
    });
    void this.store?.parts.images.get().then((images) => {
      this.images = images;
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
          html`${this.#fontFields(values.fontFamily, (fontFamily) => change({ fontFamily }))}
            <label class="field">
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

  #fontFields(chosen: string, set: (family: string) => void) {
    const other = this.font ?? (chosen === '' || this.#fonts.includes(chosen) ? undefined : chosen);
    const pick = (picked: string): void => {
      this.font = picked === 'other' ? '' : undefined;
      if (picked !== 'other') set(picked);
    };
    const type = (typed: string): void => {
      this.font = typed;
      if (fontProblem(typed) === undefined) set(typed.trim());
    };
    return html`<label class="field">
        <span>${settingsText.font}</span>
        <select @change=${(event: Event) => pick(typedIn(event))}>
          <option value="" ?selected=${chosen === '' && other === undefined}>${settingsText.systemFont}</option>
          ${this.#fonts.map((family) => html`<option translate="no" value=${family} ?selected=${family === chosen && other === undefined}>${family}</option>`)}
          <option value="other" ?selected=${other !== undefined}>${settingsText.otherFont}</option>
        </select>
      </label>
      ${
        other === undefined
          ? nothing
          : wordField({
              label: settingsText.fontName,
              value: other,
              problem: other === '' ? undefined : fontProblem(other),
              set: type,
            })
      }`;
  }

  #storage(store: Store) {
    const { persistent } = store.storage.value;
    const { estimate, kept } = this;
    const go = (view: Place): void => {
      this.close();
      store.go({ view });
    };
    const volumes = this.volumes?.list.value.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    const snapshots = store.snapshots.value.reduce((sum, { size }) => sum + size, 0);
    const use = (label: (size: string) => string, bytes: number | undefined, view: Place) => html`<li class="row">
      <span>${label(bytes === undefined ? text.figures.unknown : formatBytes(bytes))}</span>
      <button type="button" @click=${() => go(view)}>${text.open}<span class="unseen"> ${text.nav[view]}</span></button>
    </li>`;
    return html`<p class="hint">
        ${persistent ? settingsText.lasts : settingsText.lastsNot}
        ${persistent && kept !== undefined ? (kept ? settingsText.kept : settingsText.evictable) : nothing}
        ${estimate ? settingsText.used(formatBytes(estimate.usage), formatBytes(estimate.quota)) : nothing}
      </p>
      <ul>
        ${use(settingsText.images, this.images?.usage.value?.images.bytes, 'images')} ${use(settingsText.volumes, volumes, 'volumes')}
        ${use(settingsText.snapshots, snapshots, 'snapshots')}
      </ul>
      <p class="problem" role="status">${this.refused ? settingsText.refused : ''}</p>
      <div class="buttons">
        ${persistent && kept === false ? html`<button type="button" @click=${() => void this.#ask()}>${settingsText.ask}</button>` : nothing}
        <button type="button" @click=${() => void this.#save(store)}>${settingsText.save}</button>
      </div>`;
  }

  async #ask(): Promise<void> {
    const storage = navigator.storage as StorageManager | undefined;
    this.kept = (await storage?.persist().catch(() => false)) ?? false;
    this.refused = !this.kept;
  }

  async #save(store: Store): Promise<void> {
    this.close();
    await (await store.parts.scenarios.get())?.saveArchive();
  }
}

function fontProblem(typed: string): string | undefined {
  const { fontProblems } = settingsText;
  if (parseSettings(JSON.stringify({ fontFamily: typed.trim() })).fontFamily === '') return fontProblems.name;
  const fitness = fontFitness(typed.trim());
  return fitness === 'fit' ? undefined : fontProblems[fitness];
}

function part(heading: string, body: TemplateResult) {
  return html`<section><h3>${heading}</h3>${body}</section>`;
}

function egress(store: Store) {
  return html`${store.networks.value.map(
    ({ name, egress }) => html`<div class="row">
      <span>${name}: ${egressText.of(egress)}</span>
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
