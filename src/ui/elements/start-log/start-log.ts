import { css, html, nothing, type PropertyValues } from 'lit';
import { formatBytes } from '../../../base/bytes';
import type { InstanceRecord, LabAction } from '../../../engine/instance-record';
import type { TaskRecord } from '../../../engine/tasks';
import { formatDuration } from '../../format';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { text } from '../../text';
import { startLogText } from '../../text/start-log';
import type { ConsoleSource } from '../terminal/terminal';
import { ConsoleText } from './console-text';

/** How an instance last started, step by step, and what its console printed, as text. */
export class StartLog extends StrataElement {
  static override properties = {
    record: { attribute: false },
    task: { attribute: false },
    source: { attribute: false },
    printed: { state: true },
    skipped: { state: true },
  };
  declare record: InstanceRecord | undefined;
  /** The latest start or reset. */
  declare task: TaskRecord<LabAction> | undefined;
  declare source: ConsoleSource | undefined;
  declare private printed: string;
  declare private skipped: number;
  #console: ConsoleText | undefined;
  #frame = 0;

  static override styles = [
    baseStyles,
    css`
      :host {
        flex: 1;
        min-height: 0;
        padding: var(--s2);
        overflow: auto;
      }
      h3 {
        margin: 0 0 var(--s1);
        font-size: var(--t2);
      }
      table {
        margin-bottom: var(--s2);
        border-collapse: collapse;
        font-size: var(--t1);
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: var(--s0) var(--s3) var(--s0) 0;
        border-bottom: 1px solid var(--line);
        text-align: left;
      }
      th,
      td + td {
        white-space: nowrap;
      }
      th {
        color: var(--muted);
        font-weight: 500;
      }
      @media (max-width: 560px) {
        th,
        td {
          padding-right: 12px;
        }
      }
      p {
        margin-bottom: var(--s2);
        color: var(--muted);
        font-size: var(--t1);
      }
      .error {
        color: var(--bad);
      }
      pre {
        margin: 0;
        padding: 12px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        font: var(--t1) / 1.45 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];

  constructor() {
    super();
    this.record = undefined;
    this.task = undefined;
    this.source = undefined;
    this.printed = '';
    this.skipped = 0;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#detach();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#attach();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('source')) this.#attach();
  }

  override render() {
    const log = startLogText;
    return html`
      <h3>${log.heading}</h3>
      ${this.task ? this.#steps(this.task) : html`<p>${log.none}</p>`}
      <h3>${log.console}</h3>
      ${this.skipped > 0 ? html`<p>${log.skipped(formatBytes(this.skipped))}</p>` : nothing}
      <pre tabindex="0" role="log" aria-live="off" aria-label=${log.console}>${this.printed || log.empty}</pre>
    `;
  }

  #steps(task: TaskRecord<LabAction>) {
    const log = startLogText;
    const { startMethods } = text;
    const { startMethod, startNote } = this.record ?? {};
    return html`
      <table>
        <thead>
          <tr>
            <th scope="col">${log.step}</th>
            <th scope="col">${log.at}</th>
            <th scope="col">${log.took}</th>
          </tr>
        </thead>
        <tbody>
          ${task.phases.map(
            (phase) => html`<tr>
              <td>${phase.name}</td>
              <td>${formatDuration(phase.startedAt - task.startedAt)}</td>
              <td>${phase.endedAt === undefined ? nothing : formatDuration(phase.endedAt - phase.startedAt)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
      ${task.error ? html`<p class="error">${task.error.message}</p>` : nothing}
      ${task.state === 'succeeded' && (startNote || startMethod) ? html`<p>${startNote ?? (startMethod && startMethods[startMethod])}</p>` : nothing}
    `;
  }

  #attach(): void {
    this.#detach();
    const { source } = this;
    if (!source || !this.isConnected) return;
    // A guest may print a thousand times between two frames; the page need not draw more often than it shows.
    this.#console = new ConsoleText(
      (onOutput) => source.attachConsole(onOutput),
      () => {
        if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#show());
      },
    );
  }

  #detach(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#console?.dispose();
    this.#console = undefined;
    this.printed = '';
    this.skipped = 0;
  }

  #show(): void {
    this.#frame = 0;
    this.printed = this.#console?.text ?? '';
    this.skipped = this.#console?.skipped ?? 0;
  }
}

define('strata-start-log', StartLog);
