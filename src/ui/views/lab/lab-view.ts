import { css, html, nothing } from 'lit';
import { icon, iconStyles } from '../../elements/icon/icon';
import { SaveSoon } from '../../save-soon';
import type { LabText, LabTitle, ScenarioShelf } from '../../scenarios/scenario-shelf';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles, viewStyles } from '../../styles/base';
import { scenarioExamples } from '../../text/scenario-examples';
import { scenarioText as words } from '../../text/scenarios';
import { typedIn } from '../dialogs/dialog-element';

/** Characters of a link that chats and mail programs leave whole. */
const usualLink = 2000;

/** The lab as a file: what it is called, saving, sharing, opening another, and those that come with the page. */
export class LabView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    shelf: { state: true },
    shown: { state: true },
    link: { state: true },
    copied: { state: true },
    typed: { state: true },
  };
  declare store: Store | undefined;
  declare private shelf: ScenarioShelf | undefined;
  /** The lab as it is now; undefined until it has been read. */
  declare private shown: LabText | undefined;
  declare private link: string | undefined;
  declare private copied: boolean;
  /** What is being typed, as it is: a name that is cleared to write another is not the usual one at once. */
  declare private typed: Partial<LabTitle>;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    fieldStyles,
    viewStyles,
    css`
      .columns {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
        gap: var(--s2);
        grid-template-rows: max-content 1fr;
        align-items: start;
      }
      /* The examples stand below the form, beside a text that is as long as it is. */
      .source {
        grid-row: span 2;
      }
      .panel {
        display: grid;
        gap: var(--s2);
        padding: var(--s2);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
      }
      input[type='file'] {
        display: none;
      }
      textarea {
        min-height: 96px;
      }
      pre {
        max-height: 420px;
        margin: 0;
        padding: 12px;
        border-radius: var(--radius);
        background: var(--bg);
        font: var(--t1) / 1.5 var(--mono);
        overflow: auto;
      }
      li {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--s2);
        padding: var(--s1) 0;
        border-top: 1px solid var(--line);
      }
      li strong {
        display: block;
      }
      @media (max-width: 900px) {
        .columns {
          grid-template: none / minmax(0, 1fr);
        }
        .source {
          grid-row: auto;
        }
      }
    `,
  ];

  #asked: unknown;
  readonly #soon = new SaveSoon<LabTitle>((change) => this.shelf?.setTitle(change));

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
    this.shown = undefined;
    this.link = undefined;
    this.copied = false;
    this.typed = {};
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // The first is all that some browsers tell of a page that ends, the second all that is told of a reload.
    document.addEventListener('visibilitychange', this.#saveTyped);
    window.addEventListener('pagehide', this.#saveTyped);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#saveTyped);
    window.removeEventListener('pagehide', this.#saveTyped);
    this.#endTyping();
  }

  override render() {
    const { store, shelf } = this;
    if (!store) return nothing;
    const { persistent } = store.storage.value;
    return html`
      <div class="top">
        <h2>${words.heading}</h2>
        <div class="buttons">
          <button title=${words.openHint} ?disabled=${!shelf} @click=${() => this.renderRoot.querySelector<HTMLInputElement>('#file')?.click()}>
            ${icon('upload')}${words.open}
          </button>
          <input id="file" type="file" accept=".yaml,.yml,.tar" aria-label=${words.openHint} @change=${this.#open} />
          <button ?disabled=${!shelf} @click=${() => void shelf?.askToEmpty()}>${icon('remove')}${words.empty}</button>
        </div>
      </div>
      ${shelf ? html`<div class="columns">${this.#lab(shelf, persistent)} ${this.#source()} ${this.#examples(shelf)}</div>` : nothing}
    `;
  }

  protected override updated(): void {
    const { store } = this;
    if (!store) return;
    if (!this.shelf) void this.#load(store);
    else void this.#read(store, this.shelf);
  }

  async #load(store: Store): Promise<void> {
    const shelf = await store.parts.scenarios.get();
    if (this.store !== store) return;
    this.shelf = shelf;
    void shelf?.lookAtStorage();
  }

  /** Once for each change of the lab. */
  async #read({ instances, networks }: Store, shelf: ScenarioShelf): Promise<void> {
    const facts = instances.value.map(({ spec, state, ports }) => [spec, state.phase, ports]);
    const asked = JSON.stringify([
      facts,
      networks.value,
      shelf.title.value,
      shelf.containers.value,
      shelf.withVolumes.value,
    ]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    const shown = await shelf.text().catch((error: unknown) => {
      this.#asked = undefined;
      this.store?.report(words.saving, error);
    });
    if (this.#asked !== asked || !shown) return;
    this.shown = shown;
    this.link = undefined;
  }

  #lab(shelf: ScenarioShelf, persistent: boolean) {
    const { name, notes } = { ...shelf.title.value, ...this.typed };
    return html`<section class="panel" aria-label=${words.this}>
      <h3>${words.this}</h3>
      ${persistent && !shelf.evictable.value ? nothing : html`<p class="hint">${words.evicted}</p>`}
      <label class="field">
        <span>${words.name}</span>
        <input maxlength="120" .value=${name} @input=${(event: Event) => this.#type({ name: typedIn(event) })} @change=${this.#endTyping} />
      </label>
      <label class="field">
        <span>${words.notes}</span>
        <textarea maxlength="20000" .value=${notes} @input=${(event: Event) => this.#type({ notes: typedIn(event) })} @change=${this.#endTyping}></textarea>
        <span class="hint">${words.notesHint}</span>
      </label>
      <div>
        <label class="check">
          <input
            type="checkbox"
            aria-describedby="volumes-hint"
            .checked=${shelf.withVolumes.value}
            @change=${({ target }: Event) => target instanceof HTMLInputElement && shelf.setWithVolumes(target.checked)}
          />
          ${words.withVolumes}
        </label>
        <span id="volumes-hint" class="hint">${words.withVolumesHint}</span>
      </div>
      <div class="buttons">
        <button class="filled" @click=${() => void shelf.save()}>${icon('download')}${words.save}</button>
        <button @click=${() => void shelf.saveArchive()}>${icon('download')}${words.saveAll}</button>
        <button @click=${() => void this.#copy(shelf)}>${icon('copy')}${words.link}</button>
      </div>
      <p class="hint">${words.saveAllHint}</p>
      ${this.#linkField()}
    </section>`;
  }

  #linkField() {
    const { link } = this;
    if (link === undefined) return nothing;
    return html`<label class="field">
      <span>${words.linkLabel}</span>
      <input readonly .value=${link} @focus=${({ target }: Event) => target instanceof HTMLInputElement && target.select()} />
      <span class="hint">${this.copied ? words.copied : words.notCopied}</span>
      ${link.length > usualLink ? html`<span class="hint">${words.longLink(link.length)}</span>` : nothing}
    </label>`;
  }

  #source() {
    const { shown } = this;
    return html`<section class="panel source" aria-label=${words.source}>
      <h3>${words.source}</h3>
      <p class="hint">${words.sourceHint}</p>
      ${shown && shown.left.length > 0 ? html`<p class="problem">${words.left(shown.left)}</p><p class="hint">${words.leftHint}</p>` : nothing}
      <pre tabindex="0">${shown?.text ?? ''}</pre>
    </section>`;
  }

  #examples(shelf: ScenarioShelf) {
    return html`<section class="panel" aria-label=${words.examples}>
      <h3>${words.examples}</h3>
      <ul>
        ${scenarioExamples.map(
          ({ file, name, about }) => html`<li>
            <span><strong>${name}</strong> ${about}</span>
            <button aria-label=${words.example(name)} @click=${() => void shelf.showExample(file, name)}>${words.exampleButton}</button>
          </li>`,
        )}
      </ul>
    </section>`;
  }

  async #copy(shelf: ScenarioShelf): Promise<void> {
    try {
      this.link = await shelf.link();
    } catch (error) {
      this.store?.report(words.saving, error);
      return;
    }
    try {
      await navigator.clipboard.writeText(this.link);
      this.copied = true;
      this.store?.announce(words.copied);
    } catch {
      this.copied = false;
    }
  }

  #type(change: Partial<LabTitle>): void {
    this.typed = { ...this.typed, ...change };
    this.#soon.put(change);
  }

  readonly #saveTyped = (): void => this.#soon.now();

  readonly #endTyping = (): void => {
    this.#soon.now();
    this.typed = {};
  };

  readonly #open = ({ target }: Event): void => {
    if (!(target instanceof HTMLInputElement)) return;
    const [file] = target.files ?? [];
    if (file) void this.store?.parts.scenarios.get().then((shelf) => shelf?.showFile(file));
    // So that the same file can be chosen again.
    target.value = '';
  };
}

define('strata-lab-view', LabView);
