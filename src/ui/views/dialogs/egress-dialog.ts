import { html, nothing } from 'lit';
import type { Egress, NetworkSpec } from '../../../api/network';
import { egressPort } from '../../../network/gateway/egress-port';
import { gatewayNetwork } from '../../../network/gateway/gateway-network';
import type { Dialog } from '../../dialog';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { egressText } from '../../text/egress';
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
    engineApi: { state: true },
  };
  declare dialog: Extract<Dialog, { readonly kind: 'egress' }> | undefined;
  /** Undefined until somebody has changed it; the network has it then. */
  declare private way: Way | undefined;
  declare private hosts: string | undefined;
  declare private relay: string | undefined;
  declare private engineApi: boolean | undefined;

  constructor() {
    super();
    this.dialog = undefined;
    this.way = undefined;
    this.hosts = undefined;
    this.relay = undefined;
    this.engineApi = undefined;
  }

  protected override frame(store: Store): DialogFrame {
    const { dialog } = egressText;
    const network = store.networks.value.find(({ name }) => name === this.dialog?.network);
    const { way, hosts, relay } = this.#now(network?.egress);
    const problem = store.networkVerbs.egressProblem(this.#wish(store));
    return {
      heading: dialog.title(network?.name ?? ''),
      go: dialog.go,
      blocked: problem !== undefined,
      body: html`
        <p class="hint">${dialog.about}</p>
        <fieldset>
          <legend class="unseen">${egressText.label}</legend>
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
                <p class="hint">${dialog.how(proxyOf(network))}</p>`
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
        <label class="check">
          <input
            type="checkbox"
            .checked=${this.engineApi ?? network?.engineApi ?? false}
            @change=${(event: Event) => {
              this.engineApi = (event.target as HTMLInputElement).checked;
            }}
          />
          ${dialog.engineApi}
        </label>
        <p class="hint">${dialog.engineApiHint}</p>
        <p class="problem" role="status">${this.hosts === undefined && this.relay === undefined ? '' : problem}</p>
      `,
    };
  }

  protected override submit(store: Store): boolean {
    if (!this.dialog) return true;
    store.networkVerbs.setEgress(this.dialog.network, this.#wish(store));
    if (this.engineApi !== undefined) store.networkVerbs.setEngineApi(this.dialog.network, this.engineApi);
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

/** The proxy of a network, as guests name it: "10.0.0.1:3128". */
function proxyOf(network: NetworkSpec | undefined): string {
  return network ? `${gatewayNetwork(network).address}:${egressPort}` : '';
}

define('strata-egress-dialog', EgressDialog);
