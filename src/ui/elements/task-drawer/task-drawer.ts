import { html, nothing } from 'lit';
import { formatBytes } from '../../../base/bytes';
import type { LabAction } from '../../../engine/instance-record';
import type { TaskPhase, TaskRecord } from '../../../engine/tasks';
import { formatDuration, formatTimeOfDay } from '../../format';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { text } from '../../text';
import { type IconName, icon, iconStyles } from '../icon/icon';
import { taskDrawerStyles } from './task-drawer.styles';

type Task = TaskRecord<LabAction>;

const icons: Record<Task['state'], IconName> = {
  running: 'busy',
  succeeded: 'done',
  failed: 'failed',
  canceled: 'close',
};

/** A bar with the latest task, which opens to all of them. Fires `toggle`, and `stop-task` with a task's id. */
export class TaskDrawer extends StrataElement {
  static override properties = { tasks: { attribute: false }, open: { attribute: false }, now: { attribute: false } };
  declare tasks: readonly Task[];
  declare open: boolean;
  declare now: number;

  static override styles = [baseStyles, buttonStyles, iconStyles, taskDrawerStyles];

  constructor() {
    super();
    this.tasks = [];
    this.open = false;
    this.now = 0;
  }

  override render() {
    const running = this.tasks.filter((task) => task.state === 'running').length;
    const label = this.open ? text.tasks.hide : text.tasks.show;
    return html`
      <div class="bar">
        <button class="quiet" aria-expanded=${this.open} title=${label} @click=${() => this.dispatchEvent(new CustomEvent('toggle'))}>
          ${icon('tasks')}${text.tasks.heading}${running > 0 ? html`<span class="count">${text.tasks.running(running)}</span>` : nothing}
          ${icon(this.open ? 'chevron' : 'up')}
        </button>
        ${this.open ? nothing : this.#latest()}
        <slot></slot>
      </div>
      ${this.open ? this.#table() : nothing}
    `;
  }

  #latest() {
    const task = this.tasks[0];
    if (!task) return html`<span class="muted" title=${text.tasks.none}>${text.tasks.none}</span>`;
    const phase = task.phases.at(-1);
    return html`<span class="latest">
      ${this.#state(task)}
      <span class="title" title=${title(task)}>${title(task)}</span>
      ${task.state === 'running' && phase ? html`<span class="muted phase">${describe(phase)}</span>${progressBar(phase)}` : nothing}
      ${task.state === 'running' ? nothing : html`<span class="muted">${took(task, this.now)}</span>`}
      ${this.#cancel(task)}
    </span>`;
  }

  #table() {
    if (this.tasks.length === 0) return html`<p class="none muted">${text.tasks.none}</p>`;
    const { what, state, phase, time } = text.tasks.columns;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${text.tasks.heading}>
      <table>
        <thead>
          <tr>
            <th scope="col">${what}</th>
            <th scope="col">${state}</th>
            <th scope="col">${phase}</th>
            <th scope="col">${time}</th>
          </tr>
        </thead>
        <tbody>
          ${this.tasks.map((task) => this.#row(task))}
        </tbody>
      </table>
    </div>`;
  }

  #row(task: Task) {
    return html`<tr>
      <th scope="row">${title(task)}<span class="muted when">${formatTimeOfDay(task.startedAt)}</span></th>
      <td>${this.#state(task)}</td>
      <td>
        <ol>
          ${task.phases.map(
            (phase) => html`<li>
              ${describe(phase)}${phase.endedAt === undefined ? progressBar(phase) : html` <span class="muted">${formatDuration(phase.endedAt - phase.startedAt)}</span>`}
            </li>`,
          )}
        </ol>
        ${task.error ? html`<p class="error">${task.error.message}</p>` : nothing}
      </td>
      <td class="time">${took(task, this.now)}${this.#cancel(task)}</td>
    </tr>`;
  }

  #state(task: Task) {
    return html`<span class="state ${task.state}">${icon(icons[task.state])}${text.tasks.states[task.state]}</span>`;
  }

  #cancel(task: Task) {
    if (task.state !== 'running' || !task.cancelable) return nothing;
    const label = task.kind === 'remove' ? text.tasks.undo : text.tasks.cancel;
    return html`<button
      aria-label="${label}: ${title(task)}"
      @click=${() => this.dispatchEvent(new CustomEvent('stop-task', { detail: task.id }))}
    >
      ${label}
    </button>`;
  }
}

function title(task: Task): string {
  return `${text.actions[task.kind]} ${task.subject}`;
}

function took(task: Task, now: number): string {
  return formatDuration((task.endedAt ?? Math.max(now, task.startedAt)) - task.startedAt);
}

/** A phase with its counts: "Fetching the snapshot, 2.1 MB of 5.4 MB". */
function describe(phase: TaskPhase): string {
  if (phase.done === undefined) return phase.name;
  const total = phase.total === undefined ? undefined : formatBytes(phase.total);
  return text.tasks.progress(phase.name, formatBytes(phase.done), total);
}

function progressBar(phase: TaskPhase) {
  if (phase.done === undefined || phase.total === undefined || phase.total === 0) return nothing;
  return html`<progress aria-label=${phase.name} max=${phase.total} .value=${phase.done}></progress>`;
}

define('strata-task-drawer', TaskDrawer);
