import { css, html } from 'lit';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { formText } from '../../text/forms';
import { shortcutGroups } from '../../text/shortcuts';
import { DialogElement, type DialogFrame } from './dialog-element';

/** All shortcuts, and the switch for the single keys. It begins at its top: the switch is at its end, which may be out of sight. */
export class HelpDialog extends DialogElement {
  static override styles = [
    ...DialogElement.styles,
    css`
      h3 {
        margin-bottom: var(--s0);
        font-size: var(--t1);
      }
      dl {
        display: grid;
        grid-template-columns: max-content 1fr;
        gap: 6px var(--s2);
        font-size: var(--t1);
      }
      dt {
        min-width: 132px;
      }
      kbd {
        padding: 1px 6px;
        border: 1px solid var(--line);
        border-radius: var(--s0);
        background: var(--bg);
        font: var(--t0) var(--mono);
      }
    `,
  ];

  protected override frame(store: Store): DialogFrame {
    const { help } = formText;
    const { singleKeys } = store.settings.values.value;
    return {
      heading: help.title,
      body: html`
        ${shortcutGroups.map(
          ({ heading, shortcuts }, at) => html`<section>
            <h3 tabindex="-1" ?data-first=${at === 0}>${heading}</h3>
            <dl>
              ${shortcuts.map(({ keys, what }) => html`<dt><kbd>${keys}</kbd></dt><dd>${what}</dd>`)}
            </dl>
          </section>`,
        )}
        <p class="hint">${help.terminal}</p>
        <label class="check">
          <input type="checkbox" .checked=${singleKeys} @change=${() => store.settings.change({ singleKeys: !singleKeys })} />
          ${help.single}
        </label>
      `,
    };
  }
}

define('strata-help-dialog', HelpDialog);
