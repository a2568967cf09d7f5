import { css, html, nothing } from 'lit';
import type { Dialog } from '../../dialog';
import { formatMemory } from '../../format';
import type { Store } from '../../store';
import { define } from '../../strata-element';
import { scenarioText } from '../../text/scenarios';
import { DialogElement, type DialogFrame } from './dialog-element';

const words = scenarioText.dialog;
const mebibyte = 1024 * 1024;

const styles = css`
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
  pre {
    margin: 4px 0 0;
    padding: var(--s1);
    border-radius: var(--radius);
    background: var(--bg);
    font: var(--t1) / 1.5 var(--mono);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  .problem strong {
    display: block;
  }
`;

/** What a scenario would do, before it does. */
export class ScenarioDialog extends DialogElement {
  static override properties = { ...DialogElement.properties, dialog: { attribute: false } };
  declare dialog: Extract<Dialog, { readonly kind: 'scenario' }> | undefined;

  static override styles = [...DialogElement.styles, styles];

  constructor() {
    super();
    this.dialog = undefined;
  }

  protected override frame(): DialogFrame {
    if (!this.dialog) return { heading: '', body: html`` };
    const { plan, from } = this.dialog;
    const { scenario, images, memoryMiB, egress, setups, conflicts } = plan;
    return {
      heading: words.title(scenario.name),
      ...(conflicts.length === 0 && { go: words.go }),
      body: html`
        ${scenario.description === undefined ? nothing : html`<p>${scenario.description}</p>`}
        <p class="hint">${words.from(from)}</p>
        <dl>
          <dt>${words.starts}</dt>
          <dd>${made(plan)}</dd>
          <dt>${words.memory}</dt>
          <dd>${formatMemory(memoryMiB * mebibyte)}</dd>
          ${
            images.length === 0
              ? nothing
              : html`<dt>${words.images}</dt>
                  <dd>${images.join(', ')}</dd>`
          }
          ${
            egress.length === 0
              ? nothing
              : html`<dt>${words.asks}</dt>
                  ${egress.map(({ network, hosts }) => html`<dd>${words.egress(network, hosts)}</dd>`)}`
          }
          ${
            setups.length === 0
              ? nothing
              : html`<dt>${words.runs}</dt>
                  ${setups.map(({ instance, lines }) => html`<dd>${words.setup(instance)}<pre>${lines.trim()}</pre></dd>`)}`
          }
          ${
            conflicts.length === 0
              ? nothing
              : html`<dt>${words.conflicts}</dt>
                  ${conflicts.map((conflict) => html`<dd class="problem">${conflict}</dd>`)}
                  <dd>${words.conflictsNext}</dd>`
          }
        </dl>
      `,
    };
  }

  protected override submit(store: Store): boolean {
    const { plan } = this.dialog ?? {};
    if (plan) void store.scenarioShelf().then((shelf) => shelf?.open(plan));
    return true;
  }
}

/** What is wrong with a scenario, where. */
export class BrokenScenarioDialog extends DialogElement {
  static override properties = { ...DialogElement.properties, dialog: { attribute: false } };
  declare dialog: Extract<Dialog, { readonly kind: 'broken-scenario' }> | undefined;

  static override styles = [...DialogElement.styles, styles];

  constructor() {
    super();
    this.dialog = undefined;
  }

  protected override frame(): DialogFrame {
    const { from = '', problems = [] } = this.dialog ?? {};
    return {
      heading: words.broken(from),
      body: html`
        <p>${words.brokenBody}</p>
        <ul>
          ${problems.map(
            ({ line, column, path, message }) =>
              html`<li class="problem"><strong>${words.place(line, column, path)}</strong> ${message}</li>`,
          )}
        </ul>
      `,
    };
  }
}

function made({ scenario, networks }: Extract<Dialog, { readonly kind: 'scenario' }>['plan']): string {
  const count = (kind: string): number => scenario.instances.filter((each) => each.kind === kind).length;
  const parts = [
    count('vm') > 0 && words.machines(count('vm')),
    count('unikernel') > 0 && words.unikernels(count('unikernel')),
    scenario.containers.length > 0 && words.containers(scenario.containers.length),
    networks.length > 0 && words.networks(networks.map(({ name }) => name)),
  ].filter((part) => part !== false);
  return parts.length === 0 ? words.nothing : parts.join(', ');
}

define('strata-scenario-dialog', ScenarioDialog);
define('strata-broken-scenario-dialog', BrokenScenarioDialog);
