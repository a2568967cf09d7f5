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
  /** A new lab is begun for it, which is asked first. */
  #goesOn = false;

  static override styles = [...DialogElement.styles, styles];

  constructor() {
    super();
    this.dialog = undefined;
    this.addEventListener('end', () => {
      if (!this.#goesOn && this.store?.ownership.value.state === 'owner') this.dialog?.decided?.();
    });
  }

  protected override frame(store: Store): DialogFrame {
    if (!this.dialog) return { heading: '', body: html`` };
    const { plan, from } = this.dialog;
    const { scenario, images, memoryMiB, egress, folders, setups, conflicts, isSolvedByNewLab } = plan;
    // Another tab may have got the lab since.
    const owner = store.ownership.value.state === 'owner';
    const go = conflicts.length === 0 ? words.go : isSolvedByNewLab ? words.newLab : undefined;
    return {
      heading: words.title(scenario.name),
      ...(owner && go !== undefined && { go }),
      body: html`
        ${owner ? nothing : html`<p class="problem">${words.elsewhere}</p>`}
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
                  <dd>${images.map(shortImage).join(', ')}</dd>`
          }
          ${
            folders.length === 0
              ? nothing
              : html`<dt>${words.shares}</dt>
                  ${folders.map(({ folder, by }) => html`<dd>${words.folder(folder, by)}</dd>`)}`
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
                  ${isSolvedByNewLab ? html`<dd>${words.conflictsNext}</dd>` : nothing}`
          }
        </dl>
      `,
    };
  }

  protected override submit(store: Store): boolean {
    const { dialog } = this;
    if (!dialog) return true;
    const { plan, from, decided } = dialog;
    this.#goesOn = plan.conflicts.length > 0;
    const beginAnew = this.#goesOn;
    void store.parts.scenarios
      .get()
      .then((shelf) => (beginAnew ? shelf?.beginWith(plan, from, decided) : shelf?.open(plan, from)));
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

/** A digest by its beginning: nobody compares all of it. */
function shortImage(image: string): string {
  return image.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]{52}$/, '$1…');
}

function made({ scenario, networks }: Extract<Dialog, { readonly kind: 'scenario' }>['plan']): string {
  const { volumes = [] } = scenario;
  const count = (kind: string): number => scenario.instances.filter((each) => each.kind === kind).length;
  const parts = [
    count('vm') > 0 && words.machines(count('vm')),
    count('unikernel') > 0 && words.unikernels(count('unikernel')),
    scenario.containers.length > 0 && words.containers(scenario.containers.length),
    networks.length > 0 && words.networks(networks.map(({ name }) => name)),
    volumes.length > 0 && words.volumes(volumes.map(({ name }) => name)),
  ].filter((part) => part !== false);
  return parts.length === 0 ? words.nothing : parts.join(', ');
}

define('strata-scenario-dialog', ScenarioDialog);
define('strata-broken-scenario-dialog', BrokenScenarioDialog);
