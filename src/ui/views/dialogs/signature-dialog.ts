import { css, html, nothing } from 'lit';
import type { SignatureDemand, SignaturePolicy, SignatureRule } from '../../../api/distribution';
import { toSandboxError } from '../../../base/errors';
import { projectPolicy } from '../../../storage/signing/project-policy';
import { icon } from '../../elements/icon/icon';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { imageText } from '../../text/images';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';

const words = imageText.policy;
const demands: readonly SignatureDemand[] = ['accept', 'warn', 'require'];

/** A rule as it is typed: the keys are one text. */
type TypedRule = Omit<SignatureRule, 'keys'> & { readonly keys: string };

/** Which images have to be signed, and by whom: a list of rules. It stays open until they are kept. */
export class SignatureDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    rules: { state: true },
    problem: { state: true },
  };
  /** Undefined until they are read. */
  declare private rules: readonly TypedRule[] | undefined;
  declare private problem: string;

  static override styles = [
    ...DialogElement.styles,
    css`
      fieldset {
        display: grid;
        gap: var(--s1);
        margin: 0;
        padding: var(--s1) var(--s2) var(--s2);
        border: 1px solid var(--line);
        border-radius: var(--radius);
      }
      legend {
        display: flex;
        align-items: center;
        gap: var(--s1);
      }
      textarea {
        font-family: var(--mono);
        font-size: var(--t0);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
      }
    `,
  ];

  constructor() {
    super();
    this.rules = undefined;
    this.problem = '';
  }

  protected override firstUpdated(): void {
    super.firstUpdated();
    if (this.store) void this.#read(this.store);
  }

  protected override frame(): DialogFrame {
    const { rules } = this;
    return {
      heading: words.title,
      go: words.save,
      blocked: rules === undefined,
      body: html`
        <p class="hint">${words.about}</p>
        ${rules?.length === 0 ? html`<p>${words.none}</p>` : nothing}
        ${rules?.map((rule, at) => this.#rule(rule, at))}
        <div class="buttons">
          <button type="button" data-first @click=${() => this.#change([...(rules ?? []), { pattern: '', demand: 'require', keys: '' }])}>
            ${icon('plus')}${words.add}
          </button>
          <button type="button" @click=${() => this.#change(projectPolicy.rules.map(typed))}>${icon('reset')}${words.reset}</button>
        </div>
        <p class="problem" role="alert">${this.problem}</p>
      `,
    };
  }

  protected override submit(store: Store): boolean {
    void this.#save(store);
    return false;
  }

  #rule({ pattern, demand, keys }: TypedRule, at: number) {
    return html`<fieldset>
      <legend>
        ${words.rule(at + 1)}
        <button type="button" class="quiet icon" aria-label=${words.remove(at + 1)} title=${words.remove(at + 1)} @click=${() => this.#remove(at)}>
          ${icon('remove')}
        </button>
      </legend>
      <div class="pair">
        <label class="field">
          <span>${words.pattern}</span>
          <input
            maxlength="300"
            autocapitalize="off"
            spellcheck="false"
            title=${words.patternHint}
            placeholder=${words.patternHint}
            .value=${pattern}
            @input=${(event: Event) => this.#set(at, { pattern: typedIn(event).trim() })}
          />
        </label>
        <label class="field">
          <span>${words.demand}</span>
          <select @change=${(event: Event) => this.#set(at, { demand: demands.find((each) => each === typedIn(event)) ?? 'require' })}>
            ${demands.map((each) => html`<option value=${each} ?selected=${each === demand}>${words.demands[each]}</option>`)}
          </select>
        </label>
      </div>
      <label class="field">
        <span>${words.keys}</span>
        <textarea
          rows="3"
          autocapitalize="off"
          spellcheck="false"
          .value=${keys}
          @input=${(event: Event) => this.#set(at, { keys: typedIn(event) })}
        ></textarea>
        <span class="hint">${words.keysHint}</span>
      </label>
    </fieldset>`;
  }

  async #read(store: Store): Promise<void> {
    const shelf = await store.parts.images.get();
    try {
      this.rules = ((await shelf?.policy()) ?? projectPolicy).rules.map(typed);
    } catch (error) {
      // What is kept makes no sense to this version: it can be replaced.
      this.problem = toSandboxError(error).message;
      this.rules = [];
    }
  }

  async #save(store: Store): Promise<void> {
    const policy: SignaturePolicy = {
      rules: (this.rules ?? []).map((rule) => ({ ...rule, keys: keysIn(rule.keys) })),
    };
    try {
      const shelf = await store.parts.images.get();
      await shelf?.setPolicy(policy);
      this.close();
    } catch (error) {
      this.problem = toSandboxError(error).message;
    }
  }

  #set(at: number, change: Partial<TypedRule>): void {
    this.#change((this.rules ?? []).map((rule, index) => (index === at ? { ...rule, ...change } : rule)));
  }

  #remove(at: number): void {
    this.#change((this.rules ?? []).filter((_, index) => index !== at));
    // The button that had the focus is gone.
    this.renderRoot.querySelector<HTMLElement>('[data-first]')?.focus();
  }

  #change(rules: readonly TypedRule[]): void {
    this.rules = rules;
    this.problem = '';
  }
}

function typed({ keys, ...rule }: SignatureRule): TypedRule {
  return { ...rule, keys: keys.join('\n') };
}

/** Each key by itself. What is none is left as it is, for the store to name it. */
function keysIn(text: string): readonly string[] {
  const blocks = /-----BEGIN [^-]*-----[^-]*-----END [^-]*-----/g;
  const rest = text.replace(blocks, '').trim();
  return [...(text.match(blocks) ?? []), ...(rest === '' ? [] : [rest])];
}

define('strata-signature-dialog', SignatureDialog);
