import { html, type PropertyValues } from 'lit';
import type { ContainerTop } from '../../../api/container';
import type { ContainerShelf } from '../../containers/container-shelf';
import { define } from '../../strata-element';
import { baseStyles, tableStyles } from '../../styles/base';
import { containerText } from '../../text/containers';
import { ContainerFacts } from './container-facts';
import { containerStyles } from './container-styles';

/** What `docker top` prints, again every other second. */
export class ContainerProcesses extends ContainerFacts<ContainerTop> {
  static override properties = { ...ContainerFacts.properties, now: { attribute: false } };
  /** The page's clock; it stands while nobody sees the page. */
  declare now: number;
  #seen = 0;

  static override styles = [baseStyles, tableStyles, containerStyles];

  constructor() {
    super();
    this.now = 0;
  }

  protected override readonly needsRunning = true;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('now') || this.now - this.#seen < 2000) return;
    this.#seen = this.now;
    this.ask();
  }

  protected override load(shelf: ContainerShelf, id: string): Promise<ContainerTop> {
    return shelf.processes(id);
  }

  protected override show({ Titles, Processes }: ContainerTop) {
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${containerText.processes.label}>
      <table>
        <thead>
          <tr>
            ${Titles.map((title) => html`<th scope="col">${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${Processes.map((process) => html`<tr>${process.map((value) => html`<td class="mono">${value}</td>`)}</tr>`)}
        </tbody>
      </table>
    </div>`;
  }
}

define('strata-container-processes', ContainerProcesses);
