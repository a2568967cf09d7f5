import { html } from 'lit';
import type { Dialog } from '../../dialog';
import { formatTimeOfDay } from '../../format';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { text } from '../../text';
import { formText } from '../../text/forms';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';
import { countField, countIn, formFieldStyles, nameProblem, problemBeside, problemId, wordField } from './form-fields';

type DialogOf<Kind extends Dialog['kind']> = Extract<Dialog, { readonly kind: Kind }>;

/** Asks before something is lost for good. */
export class ConfirmDialog extends DialogElement {
  static override properties = { ...DialogElement.properties, dialog: { attribute: false } };
  declare dialog: DialogOf<'confirm'> | undefined;

  constructor() {
    super();
    this.dialog = undefined;
  }

  protected override frame(): DialogFrame {
    const { title = '', body = '', action = '' } = this.dialog ?? {};
    return { heading: title, body: html`<p>${body}</p>`, go: action, danger: true };
  }

  protected override submit(): boolean {
    this.dialog?.run();
    return true;
  }
}

export class RenameDialog extends DialogElement {
  static override properties = { ...DialogElement.properties, dialog: { attribute: false }, name: { state: true } };
  declare dialog: DialogOf<'rename'> | undefined;
  declare private name: string | undefined;

  static override styles = [...DialogElement.styles, formFieldStyles];

  constructor() {
    super();
    this.dialog = undefined;
    this.name = undefined;
  }

  protected override frame(store: Store): DialogFrame {
    const old = store.nameOf(this.dialog?.id ?? '');
    const { rename } = formText;
    return {
      heading: rename.title(old),
      go: rename.go,
      blocked: (this.name ?? old).trim() === '',
      body: wordField({
        label: rename.name,
        value: this.name ?? old,
        first: true,
        problem: this.name === undefined || this.name.trim() === old ? undefined : nameProblem(store, this.name),
        set: (typed) => {
          this.name = typed;
        },
      }),
    };
  }

  protected override submit(store: Store): boolean {
    if (this.dialog && this.name !== undefined) store.rename(this.dialog.id, this.name);
    return true;
  }
}

export class SnapshotDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    dialog: { attribute: false },
    name: { state: true },
    notes: { state: true },
  };
  declare dialog: DialogOf<'snapshot'> | undefined;
  declare private name: string | undefined;
  declare private notes: string;

  constructor() {
    super();
    this.dialog = undefined;
    this.name = undefined;
    this.notes = '';
  }

  protected override frame(store: Store): DialogFrame {
    const { snapshot } = formText;
    const machine = store.nameOf(this.dialog?.id ?? '');
    this.name ??= snapshot.suggestion(machine, formatTimeOfDay(store.now.value));
    const empty = this.name.trim() === '';
    return {
      heading: snapshot.title(machine),
      go: snapshot.go,
      blocked: empty,
      body: html`
        <label class="field">
          <span>${snapshot.name}</span>
          <input
            data-first
            maxlength="120"
            aria-invalid=${empty}
            .value=${this.name}
            @input=${(event: Event) => {
              this.name = typedIn(event);
            }}
          />
          <span class="problem" role="status">${empty ? snapshot.empty : ''}</span>
        </label>
        <label class="field">
          <span>${snapshot.notes}</span>
          <textarea
            rows="4"
            maxlength="4000"
            .value=${this.notes}
            @input=${(event: Event) => {
              this.notes = typedIn(event);
            }}
          ></textarea>
        </label>
      `,
    };
  }

  protected override submit(store: Store): boolean {
    if (this.dialog) store.snapshotVerbs.take(this.dialog.id, { name: this.name ?? '', notes: this.notes });
    return true;
  }
}

/** Clones made by one wish. */
const cloneBounds = { least: 1, most: 32 } as const;

export class CloneDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    dialog: { attribute: false },
    count: { state: true },
    names: { state: true },
  };
  declare dialog: DialogOf<'clone'> | undefined;
  /** As it was typed. */
  declare private count: string;
  declare private names: readonly string[];

  static override styles = [...DialogElement.styles, formFieldStyles];

  constructor() {
    super();
    this.dialog = undefined;
    this.count = '1';
    this.names = [];
  }

  protected override frame(store: Store): DialogFrame {
    const { clone } = formText;
    const count = countIn(this.count, cloneBounds);
    const mismatch = this.names.length > 0 && this.names.length !== count;
    const wrong = mismatch ? clone.tooMany(count, this.names.length) : namesProblem(store, this.names);
    return {
      heading: clone.title(this.dialog?.name ?? ''),
      go: clone.go(count),
      body: html`
        <p class="hint">${clone.body}</p>
        ${countField({
          label: clone.count,
          value: this.count,
          bounds: cloneBounds,
          first: true,
          set: (typed) => {
            this.count = typed;
          },
        })}
        <div class="entry">
          <label class="field">
            <span>${clone.names}</span>
            <textarea
              rows=${Math.min(6, Math.max(2, count))}
              autocapitalize="off"
              spellcheck="false"
              aria-invalid=${wrong !== undefined}
              aria-describedby=${problemId(clone.names)}
              @input=${(event: Event) => this.#named(typedIn(event))}
            ></textarea>
          </label>
          <span class="hint">${clone.namesHint}</span>
          ${problemBeside(clone.names, wrong)}
        </div>
      `,
    };
  }

  protected override submit(store: Store): boolean {
    const { dialog, names } = this;
    const count = countIn(this.count, cloneBounds);
    if (dialog) store.snapshotVerbs.clone(dialog.source, dialog.name, names.length > 0 ? { names } : { count });
    return true;
  }

  #named(typed: string): void {
    this.names = typed
      .split(/[\n,]/)
      .map((name) => name.trim())
      .filter((name) => name !== '');
    if (this.names.length > countIn(this.count, cloneBounds)) this.count = String(this.names.length);
  }
}

/** What is wrong with the first of them that is wrong. */
function namesProblem(store: Store, names: readonly string[]): string | undefined {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return formText.clone.twice(twice);
  const wrong = names.find((name) => nameProblem(store, name) !== undefined);
  return wrong === undefined ? undefined : `${wrong}: ${nameProblem(store, wrong)}`;
}

export class NetworkDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    name: { state: true },
    subnet: { state: true },
    mtu: { state: true },
    touched: { state: true },
  };
  declare private name: string;
  declare private subnet: string;
  declare private mtu: number;
  declare private touched: boolean;

  constructor() {
    super();
    this.name = '';
    this.subnet = '';
    this.mtu = 1500;
    this.touched = false;
  }

  protected override frame(store: Store): DialogFrame {
    const { network } = formText;
    if (this.subnet === '' && !this.touched) this.subnet = freeSubnet(store);
    const problem = store.networkVerbs.problem(this.#spec());
    return {
      heading: network.title,
      go: network.go,
      failed: text.networks.notCreated(this.name),
      blocked: problem !== undefined,
      body: html`
        <div class="pair">
          <label class="field">
            <span>${network.name}</span>
            <input data-first maxlength="63" autocapitalize="off" spellcheck="false" .value=${this.name} @input=${(event: Event) => this.#set('name', event)} />
          </label>
          <label class="field">
            <span>${network.subnet}</span>
            <input class="mono" maxlength="18" spellcheck="false" .value=${this.subnet} @input=${(event: Event) => this.#set('subnet', event)} />
          </label>
        </div>
        <p class="hint">${network.subnetHint}</p>
        <fieldset>
          <legend>${network.mtu}</legend>
          ${[1500, 9000].map(
            (mtu) => html`<label class="check">
              <input
                type="radio"
                name="mtu"
                .checked=${this.mtu === mtu}
                @change=${() => {
                  this.mtu = mtu;
                }}
              />
              ${mtu === 1500 ? network.mtuUsual : network.mtuJumbo}
            </label>`,
          )}
        </fieldset>
        <p class="problem" role="status">${this.touched ? problem : ''}</p>
      `,
    };
  }

  protected override async submit(store: Store): Promise<boolean> {
    await store.networkVerbs.make(this.#spec());
    return true;
  }

  #spec() {
    return { name: this.name.trim(), subnet: this.subnet.trim(), mtu: this.mtu };
  }

  #set(field: 'name' | 'subnet', event: Event): void {
    this[field] = typedIn(event);
    this.touched = true;
  }
}

/** The first of 10.1.0.0/24, 10.2.0.0/24 and so on that overlaps with nothing. */
function freeSubnet(store: Store): string {
  for (let second = 1; second < 256; second += 1) {
    const subnet = `10.${second}.0.0/24`;
    if (store.networkVerbs.problem({ name: 'a-name-nobody-has', subnet, mtu: 1500 }) === undefined) return subnet;
  }
  return '';
}

define('strata-confirm-dialog', ConfirmDialog);
define('strata-rename-dialog', RenameDialog);
define('strata-snapshot-dialog', SnapshotDialog);
define('strata-clone-dialog', CloneDialog);
define('strata-network-dialog', NetworkDialog);
