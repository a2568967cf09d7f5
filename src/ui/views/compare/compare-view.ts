import { css, html, nothing, type TemplateResult } from 'lit';
import { ownInstances } from '../../../engine/compare/remove-own';
import { servicePage } from '../../../engine/compare/service';
import type { ComparisonEnd, ComparisonKind, ComparisonShelf } from '../../compare/comparison-shelf';
import { deviceGroups, type FigureGroup, serviceGroups } from '../../compare/figure-groups';
import { figuresAsCsv, figuresAsMarkdown } from '../../compare/write-figures';
import { icon, iconStyles } from '../../elements/icon/icon';
import { formatDateTime } from '../../format';
import { formatRoute } from '../../route';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { aboutStyles } from '../../styles/about';
import { baseStyles, buttonStyles, viewStyles } from '../../styles/base';
import { compareText } from '../../text/compare';
import './figure-table';

/** VM, container and unikernel side by side, and emulated hardware beside virtio's: measured on a click. */
export class CompareView extends StrataElement {
  static override properties = { store: { attribute: false }, shelf: { state: true } };
  declare store: Store | undefined;
  declare private shelf: ComparisonShelf | undefined;
  #opening = false;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    viewStyles,
    aboutStyles,
    css`
      .about {
        font-size: var(--t2);
      }
      .panel > p,
      .panel > .row {
        padding: 12px 12px 0;
        max-width: 95ch;
        font-size: var(--t1);
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s1);
      }
      .panel > .row:last-child {
        padding-bottom: 12px;
      }
      .panel > p.hint {
        padding-bottom: 12px;
        color: var(--muted);
      }
      .working {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        min-height: var(--control);
        color: var(--busy);
        font-size: var(--t1);
      }
      .status {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .bad {
        color: var(--bad);
      }
      strata-figure-table {
        margin-top: 12px;
      }
      ul {
        padding: 12px 12px 12px 28px;
        max-width: 95ch;
        font-size: var(--t1);
      }
      li {
        list-style: disc;
      }
      li + li {
        margin-top: 6px;
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
  }

  protected override updated(): void {
    if (this.store && !this.shelf) void this.#open(this.store);
  }

  override render() {
    const { store, shelf } = this;
    if (!store) return nothing;
    const { heading, about, limits } = compareText;
    return html`
      <div class="top"><h2 tabindex="-1">${heading}</h2></div>
      <p class="about">${about}</p>
      ${this.#left(store, shelf)}
      ${this.#comparison(
        store,
        shelf,
        'services',
        compareText.services.about(servicePage.length),
        serviceGroups(shelf?.services.value ?? new Map()),
      )}
      ${this.#comparison(
        store,
        shelf,
        'devices',
        compareText.devices.about,
        deviceGroups(shelf?.devices.value ?? new Map()),
      )}
      <section class="panel">
        <h3>${limits.heading}</h3>
        <ul>${limits.points.map((point) => html`<li>${point}</li>`)}</ul>
      </section>
    `;
  }

  async #open(store: Store): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    this.shelf = await store.parts.comparison.get();
    this.#opening = false;
  }

  /** What has a name of the comparison's: of its last run, or of whoever else, whom it asks before it begins. */
  #left(store: Store, shelf: ComparisonShelf | undefined) {
    const own = ownInstances(store.instances.value);
    if (own.length === 0 || !shelf || shelf.work.value) return nothing;
    const foreign = this.#foreign(store, shelf);
    return html`<section class="panel">
      <p>
        ${foreign ? compareText.foreign : compareText.left}
        ${own.map(
          ({ id, name }, index) =>
            html`${index > 0 ? ', ' : ''}<a href=${formatRoute({ view: 'machine', id, tab: 'summary' })}>${name}</a>`,
        )}
      </p>
      <div class="row">
        <button @click=${() => void this.#remove(store, shelf)}>
          ${icon('remove')}${foreign ? compareText.removeForeign(own.length) : compareText.remove(own.length)}
        </button>
      </div>
    </section>`;
  }

  /** Whether something has a name of the comparison's that no comparison of this page has started. */
  #foreign(store: Store, shelf: ComparisonShelf): boolean {
    const started = shelf.started.value;
    return ownInstances(store.instances.value).some(({ id }) => !started.has(id));
  }

  #comparison(
    store: Store,
    shelf: ComparisonShelf | undefined,
    kind: ComparisonKind,
    about: string,
    groups: readonly FigureGroup[],
  ) {
    const words = compareText[kind];
    const measured = groups.filter(({ rows }) => rows.length > 0);
    const end = shelf?.ends.value.get(kind);
    return html`<section class="panel" aria-labelledby=${kind}>
      <h3 id=${kind} tabindex="-1">${words.heading}</h3>
      <p>${about}</p>
      <div class="row">
        ${this.#buttons(store, shelf, kind, measured.length > 0)}
        <div class="status" role="status">${this.#status(shelf, kind)}</div>
      </div>
      ${
        measured.length === 0
          ? html`<p class="hint">${words.empty}</p>`
          : html`<strata-figure-table .label=${words.heading} .groups=${measured}></strata-figure-table>
              ${end ? this.#copies(store, words.heading, measured, compareText.measuredAt(formatDateTime(end.at))) : nothing}`
      }
    </section>`;
  }

  #buttons(store: Store, shelf: ComparisonShelf | undefined, kind: ComparisonKind, measured: boolean) {
    const work = shelf?.work.value;
    if (work?.kind === kind) {
      return html`<button @click=${() => shelf?.cancel()}>${icon('close')}${compareText.cancel}</button>`;
    }
    const run = (): void => void (kind === 'services' ? shelf?.compareServices() : shelf?.compareDevices());
    const { again, run: first } = compareText[kind];
    const ready = shelf !== undefined && work === undefined && !this.#foreign(store, shelf);
    return html`<button class="filled" ?disabled=${!ready} @click=${run}>
      ${icon('start')}${measured ? again : first}
    </button>`;
  }

  #status(shelf: ComparisonShelf | undefined, kind: ComparisonKind): TemplateResult | typeof nothing {
    const work = shelf?.work.value;
    if (work?.kind === 'removal') return working(compareText.removing);
    if (work?.kind === 'services' && kind === 'services') return working(work.step && compareText.step(work.step));
    if (work?.kind === 'devices' && kind === 'devices') return working(work.step && compareText.deviceStep(work.step));
    const end = shelf?.ends.value.get(kind);
    return end ? ended(end) : nothing;
  }

  #copies(store: Store, title: string, groups: readonly FigureGroup[], when: string) {
    const copy = async (text: string): Promise<void> => {
      try {
        await navigator.clipboard.writeText(text);
        store.announce(compareText.copied);
      } catch (error) {
        store.report(compareText.notCopied, error);
      }
    };
    const { markdown, csv } = compareText;
    return html`<div class="row">
      <button @click=${() => copy(figuresAsMarkdown(title, groups, when))}>${icon('copy')}${markdown}</button>
      <button @click=${() => copy(figuresAsCsv(groups))}>${icon('copy')}${csv}</button>
    </div>`;
  }

  async #remove(store: Store, shelf: ComparisonShelf): Promise<void> {
    try {
      await shelf.remove();
      store.announce(compareText.removed);
    } catch (error) {
      store.report(compareText.notRemoved, error);
    }
  }
}

function working(words: string | undefined) {
  return words === undefined ? nothing : html`<span class="working">${icon('busy')}${words}</span>`;
}

function ended({ at, failure }: ComparisonEnd) {
  if (failure === undefined) return html`${compareText.measuredAt(formatDateTime(at))}`;
  if (failure === 'canceled') return html`${compareText.canceled}`;
  return html`<span class="bad">${compareText.failed(failure.message)}</span>`;
}

define('strata-compare-view', CompareView);
