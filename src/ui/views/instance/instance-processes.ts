import { html, nothing, type PropertyValues } from 'lit';
import { toSandboxError } from '../../../base/errors';
import type { InstanceRecord } from '../../../engine/instance-record';
import { listProcesses, type ProcessTable } from '../../process-list';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, tableStyles, viewStyles } from '../../styles/base';
import { statText } from '../../text/stats';

/** How often a machine is asked; a `ps` costs an emulated CPU something. */
const periodMs = 3000;

/** The processes of a machine, as a `ps` in it tells, again every few seconds while the page can be seen. */
export class InstanceProcesses extends StrataElement {
  static override properties = {
    store: { attribute: false },
    record: { attribute: false },
    now: { attribute: false },
    processes: { state: true },
    problem: { state: true },
  };
  declare store: Store | undefined;
  declare record: InstanceRecord | undefined;
  /** The page's clock; it stands while nobody sees the page. */
  declare now: number;
  declare private processes: ProcessTable | undefined;
  declare private problem: string | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking = false;

  static override styles = [baseStyles, tableStyles, viewStyles];

  constructor() {
    super();
    this.store = undefined;
    this.record = undefined;
    this.now = 0;
    this.processes = undefined;
    this.problem = undefined;
  }

  override render() {
    const { record, processes, problem } = this;
    if (!record) return nothing;
    const words = statText.processes;
    if (record.state.phase !== 'running') return html`<p class="none">${statText.off}</p>`;
    if (problem !== undefined) return html`<p class="none" role="status">${words.failed}: ${problem}</p>`;
    if (!processes) return html`<p class="none" role="status">${words.loading}</p>`;
    return html`<div class="panel scroll" tabindex="0" role="region" aria-label=${words.label(record.name)}>
      <table>
        <thead>
          <tr>${processes.titles.map((title) => html`<th scope="col">${title}</th>`)}</tr>
        </thead>
        <tbody>
          ${processes.rows.map((row) => html`<tr>${row.map((value) => html`<td class="mono">${value}</td>`)}</tr>`)}
        </tbody>
      </table>
    </div>`;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const { store, record, now } = this;
    if (changed.has('record') && changed.get('record')?.id !== record?.id) {
      this.#askedAt = Number.NEGATIVE_INFINITY;
      this.processes = undefined;
      this.problem = undefined;
    }
    if (!store || record?.state.phase !== 'running' || this.#asking || now - this.#askedAt < periodMs) return;
    this.#askedAt = now;
    void this.#ask(store, record.id);
  }

  async #ask(store: Store, id: string): Promise<void> {
    this.#asking = true;
    try {
      const processes = await listProcesses(store.instance(id));
      if (this.record?.id !== id) return;
      this.processes = processes;
      this.problem = undefined;
    } catch (error) {
      if (this.record?.id === id) this.problem = toSandboxError(error).message;
    } finally {
      this.#asking = false;
    }
  }
}

define('strata-instance-processes', InstanceProcesses);
