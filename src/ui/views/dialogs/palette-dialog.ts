import { css, html, nothing } from 'lit';
import { type Command, type CommandParts, commandsOf, matchCommands } from '../../commands';
import { rovingIndex } from '../../elements/roving';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { formText } from '../../text/forms';
import { takeTyped } from '../../typed-ahead';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';

/** Commands shown at once; typing more finds the rest. */
const shownLimit = 40;

/** Everything by its name: a combobox with a list, after the ARIA authoring practices. */
export class PaletteDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    typed: { state: true },
    at: { state: true },
    parts: { state: true },
  };
  declare private typed: string;
  declare private at: number;
  /** Those that have come: their commands come with them. */
  declare private parts: CommandParts;

  static override styles = [
    ...DialogElement.styles,
    css`
      dialog {
        margin-top: 10vh;
      }
      .content {
        gap: var(--s1);
      }
      [role='listbox'] {
        max-height: min(46vh, 380px);
        overflow-y: auto;
      }
      [role='option'] {
        padding: 6px var(--s1);
        border-radius: var(--s0);
        font-size: var(--t1);
        cursor: pointer;
      }
      [role='option']:hover {
        background: var(--hover);
      }
      [aria-selected='true'] {
        background: var(--selected);
      }
      @media (forced-colors: active) {
        [aria-selected='true'] {
          outline: 2px solid Highlight;
          outline-offset: -2px;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.typed = '';
    this.at = 0;
    this.parts = {};
  }

  protected override firstUpdated(): void {
    super.firstUpdated();
    const { store } = this;
    this.#goOn(store);
    void store?.parts.containers.get().then((containers) => this.#add({ containers }));
    void store?.parts.lessons.get().then((lessons) => this.#add({ lessons }));
    void store?.parts.scenarios.get().then((lab) => this.#add({ lab }));
  }

  /** Who opens it knows what for, and types before it has come. */
  #goOn(store: Store | undefined): void {
    const { text, entered } = takeTyped();
    const field = this.renderRoot.querySelector('input');
    if (text === '' || !field || !store) return;
    field.value = text;
    this.#type(text);
    if (entered) this.submit(store);
  }

  #add(part: CommandParts): void {
    this.parts = { ...this.parts, ...part };
  }

  protected override frame(store: Store): DialogFrame {
    const { palette } = formText;
    const shown = this.#shown(store);
    const current = shown[this.at];
    return {
      heading: palette.title,
      body: html`
        <input
          data-first
          type="text"
          role="combobox"
          aria-label=${palette.placeholder}
          aria-expanded="true"
          aria-controls="commands"
          aria-activedescendant=${current ? `command-${this.at}` : nothing}
          placeholder=${palette.placeholder}
          autocomplete="off"
          spellcheck="false"
          maxlength="80"
          @input=${(event: Event) => this.#type(typedIn(event))}
          @keydown=${(event: KeyboardEvent) => this.#key(event, shown)}
        />
        <div id="commands" role="listbox" aria-label=${palette.title}>
          ${shown.map(
            (command, index) => html`<div
              role="option"
              id="command-${index}"
              aria-selected=${index === this.at}
              @click=${() => this.#run(command)}
            >
              ${command.label}
            </div>`,
          )}
        </div>
        <p class="hint" role="status">${shown.length === 0 ? palette.none : ''}</p>
      `,
    };
  }

  protected override submit(store: Store): boolean {
    const command = this.#shown(store)[this.at];
    if (command) this.#run(command);
    return false;
  }

  #shown(store: Store): readonly Command[] {
    return matchCommands(commandsOf(store, this.parts), this.typed).slice(0, shownLimit);
  }

  #type(typed: string): void {
    this.typed = typed;
    this.at = 0;
  }

  #key(event: KeyboardEvent, shown: readonly Command[]): void {
    // Home and End belong to the text field.
    const next = event.key.startsWith('Arrow') ? rovingIndex(event.key, this.at, shown.length, 'vertical') : undefined;
    if (next === undefined) return;
    event.preventDefault();
    this.at = next;
    this.renderRoot.querySelector(`#command-${next}`)?.scrollIntoView({ block: 'nearest' });
  }

  /** Closed first: a command may open the next dialog. */
  #run(command: Command): void {
    this.close();
    command.run();
  }
}

define('strata-palette-dialog', PaletteDialog);
