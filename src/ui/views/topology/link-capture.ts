import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { CapturedFrame, CaptureReading } from '../../../api/capture';
import { formatBytes } from '../../../base/bytes';
import { icon, iconStyles } from '../../elements/icon/icon';
import { formatCount } from '../../format';
import { saveFile } from '../../save-file';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, fieldStyles, tableStyles } from '../../styles/base';
import { topologyText } from '../../text/topology';
import type { NestedNode } from '../../topology/topology-graph';

/** The newest frames, which is as many as anybody reads; the file has all. */
const shownRows = 200;

/** A scroll that ends within so many pixels of the end follows it. */
const endSlack = 24;

const { capture: words } = topologyText;

/** The capture of one link: begun and ended, filtered, saved, and its newest frames with what their headers say. */
export class LinkCapture extends StrataElement {
  static override properties = {
    store: { attribute: false },
    port: { attribute: false },
    name: { attribute: false },
    nested: { attribute: false },
    reading: { state: true },
    filter: { state: true },
    station: { state: true },
  };
  declare store: Store | undefined;
  /** Id of the switch's port. */
  declare port: string;
  /** Of the link, for people. */
  declare name: string;
  /** Containers behind it. */
  declare nested: readonly NestedNode[];
  declare private reading: CaptureReading | undefined;
  declare private filter: string;
  /** MAC of the container whose frames alone are recorded; empty for all. */
  declare private station: string;
  /** The reading of the switch's figures that the frames were read with. */
  #seen: unknown;
  #asked = 0;
  #follows = true;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    fieldStyles,
    tableStyles,
    css`
      :host {
        display: grid;
        gap: var(--s1);
        padding-top: var(--s1);
      }
      .tools {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
        align-items: end;
      }
      label {
        display: grid;
        gap: 2px;
        color: var(--muted);
        font-size: var(--t0);
      }
      input,
      select {
        max-width: 100%;
      }
      p {
        color: var(--muted);
        font-size: var(--t1);
      }
      .frames {
        max-height: 260px;
        overflow: auto;
        border: 1px solid var(--line);
        border-radius: var(--radius);
      }
      .frames:focus-visible {
        outline-offset: -2px;
      }
      table {
        font-size: var(--t1);
      }
      th,
      td {
        height: auto;
        padding: 3px var(--s1);
        white-space: nowrap;
      }
      thead th {
        position: sticky;
        top: 0;
        background: var(--bg);
      }
      h4 {
        margin: 0;
        font-size: var(--t2);
      }
      .number {
        text-align: right;
        font-variant-numeric: tabular-nums;
      }
      .mono {
        font-family: var(--mono);
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.port = '';
    this.name = '';
    this.nested = [];
    this.reading = undefined;
    this.filter = '';
    this.station = '';
  }

  override render() {
    const { store, reading } = this;
    if (!store) return nothing;
    return html`
      <h4 tabindex="-1">${words.heading}</h4>
      <div class="tools" role="group" aria-label=${words.heading}>
        ${
          reading?.recording
            ? html`<button @click=${() => this.#stop(store)}>${icon('stop')}${words.stop}</button>`
            : html`${this.#stations()}<button @click=${() => this.#start(store)}>${icon('here')}${reading ? words.again : words.start}</button>`
        }
        ${
          reading
            ? html`
              <button ?disabled=${reading.frames === 0} @click=${() => this.#save(store)}>${icon('download')}${words.save}</button>
              <button @click=${() => this.#discard(store)}>${icon('remove')}${words.discard}</button>
              <label>${words.filter}<input type="search" placeholder=${words.filterHint} .value=${this.filter} @input=${(event: Event) => this.#setFilter((event.target as HTMLInputElement).value)} /></label>`
            : nothing
        }
      </div>
      ${reading ? this.#frames(reading) : html`<p>${words.none}</p>`}
    `;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('port')) return;
    this.reading = undefined;
    this.station = '';
    this.#follows = true;
    this.#seen = undefined;
  }

  /** Read again with every reading of the switch's figures, which the topology follows. */
  protected override updated(): void {
    const { store } = this;
    if (!store) return;
    const frames = this.renderRoot.querySelector('.frames');
    if (frames && this.#follows) frames.scrollTop = frames.scrollHeight;
    const status = store.networkStatus.value;
    if (status === this.#seen) return;
    this.#seen = status;
    void this.#read(store);
  }

  #stations() {
    const stations = this.nested.flatMap(({ name, stations }) =>
      stations.map(({ network, mac }) => ({ mac, label: stations.length > 1 ? `${name}, ${network}` : name })),
    );
    if (stations.length === 0) return nothing;
    return html`<label title=${words.stationHint}>${words.whose}
      <select @change=${(event: Event) => this.#choose((event.target as HTMLSelectElement).value)}>
        <option value="" ?selected=${this.station === ''}>${words.all}</option>
        ${stations.map(({ mac, label }) => html`<option value=${mac} ?selected=${this.station === mac}>${words.station(label)}</option>`)}
      </select>
    </label>`;
  }

  #frames({ recording, frames, dropped, keptBytes, matching, rows }: CaptureReading) {
    const summary = words.summary(
      recording ? words.recording : words.stopped,
      formatCount(frames),
      formatBytes(keptBytes),
    );
    const parts = [summary];
    if (dropped > 0) parts.push(words.dropped(formatCount(dropped)));
    if (matching > 0) parts.push(words.shown(formatCount(rows.length), formatCount(matching)));
    return html`
      <p>${parts.join('; ')}</p>
      ${this.station === '' ? nothing : html`<p>${words.stationHint}</p>`}
      ${rows.length === 0 ? html`<p>${frames === 0 ? (recording ? words.waiting : '') : words.noMatch}</p>` : this.#table(rows)}
    `;
  }

  #table(rows: readonly CapturedFrame[]) {
    const { columns } = words;
    const label = words.list(this.name);
    return html`<div class="frames" tabindex="0" role="region" aria-label=${label} @scroll=${(event: Event) => this.#scrolled(event)}>
      <table aria-label=${label}>
        <thead>
          <tr>
            <th scope="col" class="number">${columns.number}</th>
            <th scope="col">${columns.time}</th>
            <th scope="col">${columns.direction}</th>
            <th scope="col">${columns.source}</th>
            <th scope="col">${columns.destination}</th>
            <th scope="col">${columns.protocol}</th>
            <th scope="col" class="number">${columns.bytes}</th>
            <th scope="col">${columns.info}</th>
          </tr>
        </thead>
        <tbody>
          ${repeat(
            rows,
            ({ number }) => number,
            (frame) => frameRow(frame),
          )}
        </tbody>
      </table>
    </div>`;
  }

  #choose(station: string): void {
    this.station = station;
  }

  #setFilter(filter: string): void {
    this.filter = filter;
    if (this.store) void this.#read(this.store);
  }

  /** Who scrolls back is left where they are. */
  #scrolled({ currentTarget }: Event): void {
    const { scrollTop, clientHeight, scrollHeight } = currentTarget as Element;
    this.#follows = scrollTop + clientHeight >= scrollHeight - endSlack;
  }

  #start(store: Store): void {
    const { port, station } = this;
    this.#follows = true;
    this.#attempt(store, words.failed.start, async () => {
      await store.wire.remote.startCapture({ port, ...(station !== '' && { station }) });
      store.announce(words.started(this.name));
    });
  }

  #stop(store: Store): void {
    this.#attempt(store, words.failed.change, async () => {
      await store.wire.remote.stopCapture(this.port);
      store.announce(words.ended(this.name));
    });
  }

  #discard(store: Store): void {
    this.#attempt(store, words.failed.change, async () => store.wire.remote.discardCapture(this.port));
  }

  #save(store: Store): void {
    const { port, name, filter } = this;
    const file = `${name.replaceAll(/[^\w.-]+/g, '-')}.pcapng`;
    this.#attempt(store, words.failed.save, async () => {
      const bytes = await store.wire.remote.captureFile(port, name, words.description(name), filter);
      await saveFile({ name: file, stream: new Blob([bytes]).stream() }, () => {});
      store.announce(words.saved(file));
    });
  }

  #attempt(store: Store, failure: string, work: () => Promise<void>): void {
    void work()
      .catch((error: unknown) => store.report(failure, error))
      .then(() => this.#read(store));
  }

  /** Of several that are asked at once the last one counts. */
  async #read(store: Store): Promise<void> {
    this.#asked += 1;
    const { port, filter } = this;
    const asked = this.#asked;
    // A switch that is being restarted has forgotten its captures.
    const read = async (): Promise<CaptureReading | undefined> =>
      store.wire.remote.readCapture(port, filter, shownRows);
    const reading = await read().catch(() => undefined);
    if (asked === this.#asked && port === this.port) this.reading = reading;
  }
}

function frameRow({ number, at, direction, source, destination, protocol, bytes, info }: CapturedFrame) {
  return html`<tr>
    <td class="number">${number}</td>
    <td class="mono">${timeText(at)}</td>
    <td>${words.directions[direction]}</td>
    <td class="mono">${source}</td>
    <td class="mono">${destination}</td>
    <td>${protocol}</td>
    <td class="number">${bytes}</td>
    <td class="mono">${info}</td>
  </tr>`;
}

/** "12:34:56.789": of the day, as Wireshark shows it. */
function timeText(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

define('strata-link-capture', LinkCapture);
