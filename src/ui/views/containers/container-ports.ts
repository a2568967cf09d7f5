import { css, html, nothing } from 'lit';
import type { ContainerSummary } from '../../../api/container';
import { containerName, isInternal, previewName, publishedPorts } from '../../containers/container-actions';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { containerText } from '../../text/containers';
import '../ports/port-preview';

/** What a container serves on the ports that it publishes (`docker run -p`). */
export class ContainerPortsView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    container: { attribute: false },
    shown: { state: true },
  };
  declare store: Store | undefined;
  declare container: ContainerSummary | undefined;
  /** The port inside that a person chose. */
  declare private shown: number | undefined;

  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        display: flex;
        flex: 1;
        flex-direction: column;
        min-height: 0;
      }
      .ports {
        display: flex;
        flex: none;
        flex-wrap: wrap;
        gap: var(--s1);
        align-items: baseline;
        padding: var(--s1) var(--s2);
        border-bottom: 1px solid var(--line);
      }
      .elsewhere {
        color: var(--muted);
        font-size: var(--t2);
      }
      .note {
        padding: var(--s3) var(--s2);
        color: var(--muted);
        font-size: var(--t2);
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.container = undefined;
    this.shown = undefined;
  }

  override render() {
    const { container } = this;
    if (!container) return nothing;
    const { ports } = containerText;
    const name = containerName(container);
    if (container.State !== 'running') return html`<p class="note">${containerText.onlyRunning(container.State)}</p>`;
    const port = this.#portOf(container);
    if (port === undefined)
      return html`<p class="note">${isInternal(container) ? ports.internal(name) : ports.none}</p>`;
    const published = publishedPorts(container);
    const elsewhere = published.find(({ inside, everywhere }) => inside === port && everywhere);
    return html`
      <div class="ports" role="group" aria-label=${ports.label(name)}>
        ${published.map(
          ({ outside, inside }) =>
            html`<button aria-pressed=${inside === port} @click=${() => this.#show(inside)}>${ports.show(outside, inside)}</button>`,
        )}
        ${elsewhere ? html`<span class="elsewhere">${ports.elsewhere(elsewhere.outside)}</span>` : nothing}
      </div>
      <strata-port-preview
        .store=${this.store}
        .station=${previewName(container)}
        .name=${name}
        .port=${port}
        .connects=${false}
      ></strata-port-preview>
    `;
  }

  #portOf(container: ContainerSummary): number | undefined {
    const inside = publishedPorts(container).map((each) => each.inside);
    return inside.find((each) => each === this.shown) ?? inside[0];
  }

  #show(port: number): void {
    this.shown = port;
  }
}

define('strata-container-ports', ContainerPortsView);
