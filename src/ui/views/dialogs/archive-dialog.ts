import { css, html, nothing } from 'lit';
import { hasShape } from '../../../base/shape';
import type { LabConflict } from '../../../engine/archive/find-conflict';
import type { LabContents } from '../../../engine/archive/lab-archives';
import type { LabLoss } from '../../../engine/archive/salvage-lab';
import type { Dialog } from '../../dialog';
import { formatDateTime, formatMemory } from '../../format';
import type { ScenarioShelf } from '../../scenarios/scenario-shelf';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { scenarioText } from '../../text/scenarios';
import { DialogElement, type DialogFrame } from './dialog-element';

const words = scenarioText.archive;

/** What is in a lab's archive and what of it is lost, before anything of it is opened. */
export class ArchiveDialog extends DialogElement {
  static override properties = { ...DialogElement.properties, dialog: { attribute: false } };
  declare dialog: Extract<Dialog, { readonly kind: 'archive' }> | undefined;

  static override styles = [
    ...DialogElement.styles,
    css`
      dl {
        display: grid;
        gap: var(--s1);
        margin: 0;
      }
      dt {
        font-weight: 600;
        font-size: var(--t1);
      }
      dd {
        overflow-wrap: anywhere;
      }
    `,
  ];

  constructor() {
    super();
    this.dialog = undefined;
  }

  protected override frame(): DialogFrame {
    if (!this.dialog) return { heading: '', body: html`` };
    const { file, contents, conflict } = this.dialog;
    const { document, bytes, images } = contents.scanned;
    const count = (collection: string): number =>
      document.records.filter((each) => each.collection === collection).length;
    // Those of containers are directories of their host, or disks.
    const directories = document.records.filter(
      ({ collection, value }) => collection === 'containerVolumes' && !hasShape(value, { disk: '' }),
    );
    const volumes = count('disks') + directories.length;
    return {
      heading: words.title(document.name),
      ...(conflict === undefined && { go: words.go }),
      ...(conflict?.isSolvedByNewLab && { go: words.newLab }),
      body: html`
        <p class="hint">${words.from(file.name, formatDateTime(document.savedAt))}</p>
        <dl>
          <dt>${words.holds}</dt>
          <dd>${words.counts(count('instances'), count('containers'), volumes, images.length)}</dd>
          <dt>${words.size}</dt>
          <dd>${formatMemory(bytes)}</dd>
          ${losses(contents.losses)} ${replaced(contents.replaced)}
          ${
            conflict === undefined
              ? nothing
              : html`<dt>${scenarioText.dialog.conflicts}</dt>
                  <dd class="problem">${conflict.message}</dd>`
          }
        </dl>
        ${conflict === undefined ? html`<p class="hint">${words.hint}</p>` : nothing}
      `,
    };
  }

  protected override submit(store: Store): boolean {
    const { file, contents, conflict } = this.dialog ?? {};
    if (file && contents)
      void store.parts.scenarios.get().then((shelf) => shelf && go(shelf, file, contents, conflict));
    return true;
  }
}

/** What is in the way is removed first, once that is allowed; then it is asked anew. */
function go(
  shelf: ScenarioShelf,
  file: File,
  contents: LabContents,
  conflict: LabConflict | undefined,
): Promise<unknown> {
  if (!conflict) return shelf.openArchive(file, contents);
  return shelf.askToEmpty(() => void shelf.askToOpen(file, contents));
}

function losses(all: readonly LabLoss[]) {
  if (all.length === 0) return nothing;
  return html`<dt>${words.lost}</dt>
    ${all.map(({ kind, name }) => html`<dd class="problem">${words.losses[kind](name)}</dd>`)}`;
}

function replaced(names: readonly string[]) {
  if (names.length === 0) return nothing;
  return html`<dt>${words.replaced}</dt>
    <dd>${names.join(', ')}</dd>`;
}

define('strata-archive-dialog', ArchiveDialog);
