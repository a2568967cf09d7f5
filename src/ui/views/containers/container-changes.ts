import { html } from 'lit';
import type { ContainerChange } from '../../../api/container-host';
import type { ContainerShelf } from '../../containers/container-shelf';
import { define } from '../../strata-element';
import { baseStyles, tableStyles } from '../../styles/base';
import { containerText } from '../../text/containers';
import { ContainerFacts } from './container-facts';
import { containerStyles } from './container-styles';

/** Lines shown; a package manager's thousands are for `docker diff`. */
const shownLimit = 500;

/** What `docker diff` prints: paths that differ from the image. */
export class ContainerChangesView extends ContainerFacts<readonly ContainerChange[]> {
  static override styles = [baseStyles, tableStyles, containerStyles];

  protected override load(shelf: ContainerShelf, id: string): Promise<readonly ContainerChange[]> {
    return shelf.changes(id);
  }

  protected override show(changes: readonly ContainerChange[]) {
    const { changes: words } = containerText;
    if (changes.length === 0) return html`<p class="note">${words.none}</p>`;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${words.label}>
      <table>
        <thead>
          <tr>
            <th scope="col">${words.kind}</th>
            <th scope="col">${words.path}</th>
          </tr>
        </thead>
        <tbody>
          ${changes.slice(0, shownLimit).map(({ path, kind }) => html`<tr><td>${words.kinds[kind]}</td><td class="mono">${path}</td></tr>`)}
        </tbody>
      </table>
      ${changes.length > shownLimit ? html`<p class="note">${words.more(changes.length - shownLimit)}</p>` : ''}
    </div>`;
  }
}

define('strata-container-changes', ContainerChangesView);
