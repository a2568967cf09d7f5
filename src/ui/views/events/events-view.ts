import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { type IconName, icon, iconStyles } from '../../elements/icon/icon';
import { eventLimit, type LabEvent, type LabEventLog } from '../../events/lab-event-log';
import { formatCount, formatTimeOfDay } from '../../format';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { aboutStyles } from '../../styles/about';
import { baseStyles, buttonStyles, fieldStyles, tableStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { eventText } from '../../text/events';

const icons: Readonly<Record<LabEvent['source'], IconName>> = {
  task: 'tasks',
  instance: 'machine',
  engine: 'container',
};

const sources = ['task', 'instance', 'engine'] as const;

/** What has happened in the lab, to be searched and copied. */
export class EventsView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    log: { state: true },
    filter: { state: true },
    source: { state: true },
  };
  declare store: Store | undefined;
  declare private log: LabEventLog | undefined;
  declare private filter: string;
  /** Empty for all. */
  declare private source: LabEvent['source'] | '';

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    fieldStyles,
    tableStyles,
    viewStyles,
    aboutStyles,
    css`
      .tools {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
        align-items: end;
        margin-bottom: var(--s2);
      }
      label {
        display: grid;
        gap: 2px;
        color: var(--muted);
        font-size: var(--t0);
      }
      td .icon {
        vertical-align: -0.2em;
      }
      .what {
        min-width: 12ch;
        padding-block: 6px;
        white-space: normal;
        overflow-wrap: anywhere;
      }
      @media (max-width: 640px) {
        .what {
          flex: 1 0 100%;
        }
      }
      .bad {
        color: var(--bad);
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.log = undefined;
    this.filter = '';
    this.source = '';
  }

  override render() {
    const { store, log } = this;
    if (!store) return nothing;
    const events = log?.events.value ?? [];
    const shown = this.#matching(events);
    return html`
      <div class="top"><h2>${eventText.heading}</h2></div>
      <p class="about">${eventText.about(formatCount(eventLimit))}</p>
      <div class="tools">
        <label>${eventText.filter}<input type="search" placeholder=${eventText.filterHint} .value=${this.filter} @input=${(event: Event) => this.#setFilter((event.target as HTMLInputElement).value)} /></label>
        <label>${eventText.source}
          <select @change=${(event: Event) => this.#setSource((event.target as HTMLSelectElement).value)}>
            <option value="">${eventText.all}</option>
            ${sources.map((source) => html`<option value=${source}>${eventText.sources[source]}</option>`)}
          </select>
        </label>
        <button ?disabled=${shown.length === 0} @click=${() => void this.#copy(store, shown)}>${icon('copy')}${eventText.copy}</button>
      </div>
      ${shown.length === 0 ? html`<p class="none">${events.length === 0 ? eventText.none : eventText.noMatch}</p>` : this.#table(shown)}
    `;
  }

  protected override updated(): void {
    if (this.store && !this.log) void this.#open(this.store);
  }

  async #open(store: Store): Promise<void> {
    const log = await store.parts.events.get();
    if (this.store === store) this.log = log;
  }

  #table(events: readonly LabEvent[]) {
    const { columns, list } = eventText;
    return html`<div class="panel scroll cards" tabindex="0" role="region" aria-label=${list}>
      <table aria-label=${list}>
        <thead>
          <tr>
            <th scope="col">${columns.time}</th>
            <th scope="col"><span class="source">${columns.source}</span></th>
            <th scope="col">${columns.subject}</th>
            <th scope="col">${columns.event}</th>
          </tr>
        </thead>
        <tbody>
          ${repeat(
            events,
            ({ number }) => number,
            (event) => html`<tr>
              <td class="mono">${formatTimeOfDay(event.at)}</td>
              <td>${icon(icons[event.source])} <span class="source">${eventText.sources[event.source]}</span></td>
              <td>${event.subject}</td>
              <td class="what ${isBad(event) ? 'bad' : ''}">${isBad(event) ? html`${icon('failed')} ` : nothing}${whatHappened(event)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  /** Newest first. */
  #matching(events: readonly LabEvent[]): readonly LabEvent[] {
    const words = this.filter.toLowerCase().split(/\s+/).filter(Boolean);
    return events
      .filter((event) => {
        if (this.source !== '' && event.source !== this.source) return false;
        const line = `${event.subject} ${whatHappened(event)}`.toLowerCase();
        return words.every((word) => line.includes(word));
      })
      .toReversed();
  }

  #setFilter(filter: string): void {
    this.filter = filter;
  }

  #setSource(source: string): void {
    this.source = sources.find((each) => each === source) ?? '';
  }

  /** As lines with tabs, as tables of other programs take them. */
  async #copy(store: Store, events: readonly LabEvent[]): Promise<void> {
    const lines = events.map((event) =>
      [new Date(event.at).toISOString(), event.source, event.subject, whatHappened(event)].join('\t'),
    );
    try {
      await navigator.clipboard.writeText(`${lines.join('\n')}\n`);
      store.announce(eventText.copied(formatCount(events.length)));
    } catch (error) {
      store.report(eventText.notCopied, error);
    }
  }
}

function isBad(event: LabEvent): boolean {
  return (
    (event.source === 'task' && event.state === 'failed') || (event.source === 'instance' && event.phase === 'failed')
  );
}

function whatHappened(event: LabEvent): string {
  const { task, phases, engine, because, states } = eventText;
  if (event.source === 'engine') return engine(event.type, event.action);
  const what = event.source === 'task' ? task(text.actions[event.action], states[event.state]) : phases[event.phase];
  return event.problem === undefined ? what : because(what, event.problem);
}

define('strata-events-view', EventsView);
