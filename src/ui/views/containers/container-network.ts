import { css, html, nothing, type TemplateResult } from 'lit';
import type { ContainerInspect, EndpointSettings } from '../../../api/container';
import { toSandboxError } from '../../../base/errors';
import { containerName } from '../../containers/container-actions';
import type { ContainerShelf } from '../../containers/container-shelf';
import { define } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles, tableStyles } from '../../styles/base';
import { containerText } from '../../text/containers';
import { ContainerFacts } from './container-facts';
import { containerStyles } from './container-styles';

interface Endpoints {
  readonly container: ContainerInspect;
  /** Names of networks that it is not on, and might be. */
  readonly others: readonly string[];
}

/** The networks that a container is on, with its address and its names on each; it can be brought to others, and away. */
export class ContainerNetworkView extends ContainerFacts<Endpoints> {
  static override properties = { ...ContainerFacts.properties, refused: { state: true }, busy: { state: true } };
  /** Why the last wish was not carried out. */
  declare private refused: string | undefined;
  declare private busy: boolean;

  static override styles = [
    baseStyles,
    buttonStyles,
    fieldStyles,
    tableStyles,
    containerStyles,
    css`
      form {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
        align-items: center;
        padding: var(--s2) var(--s3);
      }
      .refused {
        flex-basis: 100%;
        color: var(--bad);
        font-size: var(--t1);
      }
    `,
  ];

  constructor() {
    super();
    this.refused = undefined;
    this.busy = false;
  }

  protected override get state(): string {
    const networks = Object.entries(this.container?.NetworkSettings.Networks ?? {});
    return [super.state, ...networks.map(([name, { IPAddress }]) => `${name} ${IPAddress}`)].join('\n');
  }

  protected override async load({ engine }: ContainerShelf, id: string): Promise<Endpoints> {
    const [container, networks] = await Promise.all([engine.containers.inspect(id), engine.networks.list()]);
    const on = container.NetworkSettings.Networks;
    const names = networks.filter(({ Driver }) => Driver === 'bridge').map(({ Name }) => Name);
    return { container, others: names.filter((name) => !on[name]) };
  }

  protected override show({ container, others }: Endpoints): TemplateResult {
    const { network: words } = containerText;
    const mode = container.HostConfig.NetworkMode ?? 'default';
    const [kind = '', whose = ''] = mode.split(':');
    if (kind === 'host') return html`<p class="note">${words.ofHost}</p>`;
    if (kind === 'container') return html`<p class="note">${words.ofContainer(this.#nameOf(whose))}</p>`;
    const endpoints = Object.entries(container.NetworkSettings.Networks).filter(([name]) => name !== 'none');
    return html`
      ${endpoints.length === 0 ? html`<p class="note">${words.none}</p>` : this.#table(endpoints)}
      ${kind === 'none' ? nothing : this.#join(others)}
    `;
  }

  #table(endpoints: readonly (readonly [string, EndpointSettings])[]): TemplateResult {
    const { network: words } = containerText;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${words.label}>
      <table>
        <thead>
          <tr>
            ${Object.values(words.columns).map((column) => html`<th scope="col">${column}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${endpoints.map(([name, endpoint]) => this.#row(name, endpoint))}
        </tbody>
      </table>
    </div>`;
  }

  #row(name: string, endpoint: EndpointSettings): TemplateResult {
    const { network: words, unknown } = containerText;
    const { IPAddress, IPPrefixLen, MacAddress, Gateway, DNSNames } = endpoint;
    const shown = (value: string | undefined): string => value || unknown;
    return html`<tr>
      <th scope="row">${name}</th>
      <td class="mono">${IPAddress ? `${IPAddress}/${IPPrefixLen}` : unknown}</td>
      <td class="mono">${shown(MacAddress)}</td>
      <td class="mono">${shown(Gateway)}</td>
      <td>${shown(DNSNames?.join(', '))}</td>
      <td>
        <button ?disabled=${this.busy} @click=${() => this.#do(({ networks }, id) => networks.disconnect(name, id))}>
          ${words.leave(name)}
        </button>
      </td>
    </tr>`;
  }

  #join(others: readonly string[]): TemplateResult {
    const { network: words } = containerText;
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      const name = String(new FormData(event.target as HTMLFormElement).get('network'));
      this.#do(({ networks }, id) => networks.connect(name, { Container: id }));
    };
    return html`<form @submit=${submit}>
      ${
        others.length === 0
          ? html`<span class="muted">${words.nowhereElse}</span>`
          : html`<label>
                ${words.other}
                <select name="network">
                  ${others.map((name) => html`<option>${name}</option>`)}
                </select>
              </label>
              <button ?disabled=${this.busy}>${words.join}</button>`
      }
      ${this.refused === undefined ? nothing : html`<p class="refused" role="alert">${this.refused}</p>`}
    </form>`;
  }

  #nameOf(container: string): string {
    const found = this.shelf?.containers.value.find(({ Id }) => Id === container);
    return containerName(found ?? { Names: [], Id: container });
  }

  async #do(wish: (engine: ContainerShelf['engine'], container: string) => Promise<void>): Promise<void> {
    const { shelf, container } = this;
    if (!shelf || !container) return;
    this.busy = true;
    try {
      await wish(shelf.engine, container.Id);
      this.refused = undefined;
    } catch (error) {
      this.refused = toSandboxError(error).message;
    }
    this.busy = false;
    this.ask();
  }
}

define('strata-container-network', ContainerNetworkView);
