import { html, nothing } from 'lit';
import type { Egress } from '../../../api/network';
import type { Dialog } from '../../dialog';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { text } from '../../text';
import { DialogElement, type DialogFrame, typedIn } from './dialog-element';

type Way = 'off' | 'fetch' | 'relay';

/** What may leave a network: nothing, or HTTP to the hosts of a list. */
export class EgressDialog extends DialogElement {
  static override properties = {
    ...DialogElement.properties,
    dialog: { attribute: false },
    way: { state: true },
    hosts: { state: true },
    relay: { state: true },
  };
  declare dialog: Extract<Dialog, { readonly kind: 'egress' }> | undefined;
  /** Undefined until somebody has changed it; the network has it then. */
  declare private way: Way | undefined;
  declare private hosts: string | undefined;
  declare private relay: string | undefined;

  constructor() {
    super();
    this.dialog = undefined;
    this.way = undefined;
    this.hosts = undefined;
    this.relay = undefined;
  }

  protected override frame(store: Store): DialogFrame {
    const { dialog } = text.egress;
    const network = store.networks.value.find(({ name }) => name === this.dialog?.network);
    const { way, hosts, relay } = this.#now(network?.egress);
    const problem = store.egressProblem(this.#wish(store));
    return {
      heading: dialog.title(network?.name ?? ''),
      go: dialog.go,
      blocked: problem !== undefined,
      body: html`
        <p class="hint">${dialog.about}</p>
        <fieldset>
          <legend class="unseen">${text.egress.label}</legend>
          ${(['off', 'fetch', 'relay'] as const).map(
            (each) => html`<label class="check">
              <input
                ?data-first=${each === 'off'}
                type="radio"
                name="way"
                .checked=${way === each}
                @change=${() => {
                  this.way = each;
                }}
              />
              ${dialog[each]}
            </label>`,
          )}
        </fieldset>
        ${
          way === 'off'
            ? nothing
            : html`<label class="field">
                  <span>${dialog.hosts}</span>
                  <textarea
                    rows="4"
                    autocapitalize="off"
                    spellcheck="false"
                    .value=${hosts}
                    @input=${(event: Event) => {
                      this.hosts = typedIn(event);
                    }}
                  ></textarea>
                  <span class="hint">${dialog.hostsHint}</span>
                </label>
                <p class="hint">${dialog.how(store.proxyOf(network))}</p>`
        }
        ${
          way === 'relay'
            ? html`<label class="field">
                <span>${dialog.relayLabel}</span>
                <input
                  maxlength="300"
                  autocapitalize="off"
                  spellcheck="false"
                  .value=${relay}
                  @input=${(event: Event) => {
                    this.relay = typedIn(event);
                  }}
                />
                <span class="hint">${dialog.relayHint}</span>
              </label>`
            : nothing
        }
        <p class="problem" role="status">${this.hosts === undefined && this.relay === undefined ? '' : problem}</p>
      `,
    };
  }

  protected override submit(store: Store): boolean {
    if (this.dialog) store.setEgress(this.dialog.network, this.#wish(store));
    return true;
  }

  #now(egress: Egress | undefined) {
    const kept = egress ? (egress.relay === undefined ? 'fetch' : 'relay') : 'off';
    return {
      way: this.way ?? (kept as Way),
      hosts: this.hosts ?? (egress?.hosts ?? []).join('\n'),
      relay: this.relay ?? egress?.relay ?? '',
    };
  }

  #wish(store: Store): Egress | undefined {
    const network = store.networks.value.find(({ name }) => name === this.dialog?.network);
    const { way, hosts, relay } = this.#now(network?.egress);
    if (way === 'off') return undefined;
    const list = hosts.split(/[\s,]+/).filter((host) => host !== '');
    return { hosts: list.map((host) => host.toLowerCase()), ...(way === 'relay' && { relay: relay.trim() }) };
  }
}

define('strata-egress-dialog', EgressDialog);
