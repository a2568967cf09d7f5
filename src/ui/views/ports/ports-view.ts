import { css, html, nothing } from 'lit';
import type { InstanceRecord } from '../../../engine/instance-record';
import { icon, iconStyles } from '../../elements/icon/icon';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles } from '../../styles/base';
import { text } from '../../text';
import { portText } from '../../text/ports';
import './port-preview';

/** What web servers listen on when nobody says. */
const usualPort = 80;

/** The published ports of an instance, and what is served on one of them. */
export class PortsView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    record: { attribute: false },
    shown: { state: true },
  };
  declare store: Store | undefined;
  declare record: InstanceRecord | undefined;
  /** The port that a person chose. */
  declare private shown: number | undefined;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    fieldStyles,
    css`
      :host {
        display: flex;
        flex: 1;
        flex-direction: column;
        min-height: 0;
      }
      .bar {
        display: flex;
        flex: none;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s1);
        padding: var(--s1) var(--s2);
        border-bottom: 1px solid var(--line);
      }
      .ports {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
      }
      .port {
        display: flex;
      }
      .port button:first-child {
        border-radius: var(--radius) 0 0 var(--radius);
      }
      .port button:last-child {
        border-left: 0;
        border-radius: 0 var(--radius) var(--radius) 0;
      }
      form {
        display: flex;
        align-items: center;
        gap: var(--s1);
        margin-left: auto;
        font-size: var(--t1);
      }
      form input[type='number'] {
        width: 6.5em;
      }
      label {
        display: flex;
        align-items: center;
        gap: var(--s1);
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
    this.record = undefined;
    this.shown = undefined;
  }

  override render() {
    const { store, record } = this;
    if (!store || !record) return nothing;
    const ports = portText;
    if (record.nics.length === 0) return html`<p class="note">${text.ports.noNic}</p>`;
    const port = this.#portOf(record);
    return html`
      <div class="bar">
        <div class="ports" role="group" aria-label="${ports.published} ${record.name}">
          ${record.ports.map((each) => this.#port(store, record, each, each === port))}
        </div>
        <form @submit=${(event: SubmitEvent) => this.#publish(store, record, event)}>
          <label>${ports.number}<input name="port" type="number" min="1" max="65535" required .defaultValue=${String(usualPort)} /></label>
          <button>${icon('plus')}${ports.publish}</button>
        </form>
      </div>
      ${
        port === undefined
          ? html`<p class="note">${ports.about} ${ports.none}</p>`
          : html`<strata-port-preview
              .store=${store}
              .station=${record.id}
              .name=${record.name}
              .port=${port}
              .off=${record.state.phase === 'running' ? undefined : ports.preview.off(record.name)}
              @connect=${() => this.#connect(store, record, port)}
            ></strata-port-preview>`
      }
    `;
  }

  #portOf({ ports }: InstanceRecord): number | undefined {
    return ports.find((each) => each === this.shown) ?? ports[0];
  }

  #connect(store: Store, { id }: InstanceRecord, port: number): void {
    const { terminals } = store;
    if (terminals.openRaw(id, port) === undefined) store.announce(text.dock.limit(terminals.tabs.value.size));
    else terminals.setOpen(true);
  }

  #port(store: Store, { id }: InstanceRecord, port: number, shown: boolean) {
    const ports = portText;
    return html`<span class="port">
      <button aria-pressed=${shown} @click=${() => this.#show(port)}>${ports.show(port)}</button>
      <button class="icon" aria-label=${ports.unpublish(port)} title=${ports.unpublish(port)} @click=${() => store.unpublish(id, port)}>${icon('close')}</button>
    </span>`;
  }

  #show(port: number): void {
    this.shown = port;
  }

  #publish(store: Store, { id }: InstanceRecord, event: SubmitEvent): void {
    event.preventDefault();
    const field = this.renderRoot.querySelector('input');
    const port = Number(field?.value);
    if (!Number.isInteger(port)) return;
    store.publish(id, port);
    this.shown = port;
  }
}

define('strata-ports-view', PortsView);
