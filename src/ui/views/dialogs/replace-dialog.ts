import { css, html, nothing } from 'lit';
import type { Dialog } from '../../dialog';
import { define } from '../../strata-element';
import { fileText } from '../../text/files';
import { DialogElement, type DialogFrame } from './dialog-element';

const words = fileText.replace;

/** Names that are listed; further ones are counted. */
const mostNames = 10;

/** Asks before files that are brought take the place of others. */
export class ReplaceDialog extends DialogElement {
  static override properties = { ...DialogElement.properties, dialog: { attribute: false } };
  declare dialog: Extract<Dialog, { readonly kind: 'replace-files' }> | undefined;

  static override styles = [
    ...DialogElement.styles,
    css`
      li {
        overflow-wrap: anywhere;
      }
    `,
  ];

  constructor() {
    super();
    this.dialog = undefined;
  }

  protected override frame(): DialogFrame {
    const { names = [], directory = '', more, keepBoth } = this.dialog ?? {};
    const shown = names.slice(0, mostNames);
    const left = names.length - shown.length;
    return {
      heading: words.title(names, more),
      go: words.go,
      danger: true,
      ...(keepBoth && { other: { label: words.keepBoth, run: keepBoth } }),
      body:
        names.length === 1
          ? html`<p>${words.one(directory)}</p>`
          : html`<p>${words.many(directory)}</p>
              <ul>
                ${shown.map((name) => html`<li>${name}</li>`)} ${left > 0 ? html`<li>${words.more(left, more)}</li>` : nothing}
              </ul>`,
    };
  }

  protected override submit(): boolean {
    this.dialog?.replace();
    return true;
  }
}

define('strata-replace-dialog', ReplaceDialog);
