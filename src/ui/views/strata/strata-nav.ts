import { html, nothing } from 'lit';
import { type IconName, icon, iconStyles } from '../../elements/icon/icon';
import { formatRoute, type Place, placeOf } from '../../route';
import { ShownEntry } from '../../shown-entry';
import type { Store } from '../../store';
import { liveStrata, type Stratum } from '../../strata';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { text } from '../../text';
import type { lectureText } from '../../text/lecture';
import { strataNavStyles } from './strata-nav.styles';

const icons: Readonly<Record<Place, IconName>> = {
  overview: 'overview',
  lessons: 'lesson',
  compare: 'splitRow',
  topology: 'topology',
  orchestration: 'reset',
  scheduling: 'schedule',
  containers: 'container',
  images: 'layers',
  files: 'folder',
  machines: 'machine',
  networks: 'network',
  volumes: 'volume',
  snapshots: 'snapshot',
  tab: 'chip',
  events: 'info',
  lab: 'file',
};

/** The seven strata with their views: the map of the page. What is put into it stands below them. */
export class StrataNav extends StrataElement {
  static override properties = { store: { attribute: false }, lecture: { state: true } };
  declare store: Store | undefined;
  declare private lecture: typeof lectureText | undefined;

  static override styles = [baseStyles, iconStyles, strataNavStyles];

  constructor() {
    super();
    this.store = undefined;
    this.lecture = undefined;
    // On a narrow page the strata are a row that is longer than the page.
    this.addController(new ShownEntry(this));
  }

  override render() {
    const { store } = this;
    if (!store) return nothing;
    const shown = placeOf(store.route.value);
    const lecture = store.settings.values.value.lecture;
    if (lecture && !this.lecture) void this.#loadLecture(store);
    return html`<nav aria-label=${text.nav.label}>
      <ul>
        ${this.#entry('overview', shown, lecture)}
        ${liveStrata(store.instances.value, shown).map((stratum) => this.#stratum(stratum, shown, lecture))}
      </ul>
      <slot></slot>
    </nav>`;
  }

  #stratum({ number, places }: Stratum, shown: Place, lecture: boolean) {
    return html`<li class="stratum">
      <span class="name" id="stratum-${number}"><span class="number">${number}</span><span>${text.strata[number]}</span></span>
      <ul aria-labelledby="stratum-${number}">${places.map((place) => this.#entry(place, shown, lecture))}</ul>
    </li>`;
  }

  #entry(place: Place, shown: Place, lecture: boolean) {
    const terms = lecture ? this.lecture?.terms[place] : undefined;
    return html`<li>
      <a href=${formatRoute({ view: place })} aria-current=${place === shown ? 'page' : nothing}>
        ${icon(icons[place])}<span class="word">${text.nav[place]}</span>
        ${terms ? html`<span class="terms">${terms.map(({ term }) => term).join(', ')}</span>` : nothing}
      </a>
    </li>`;
  }

  async #loadLecture(store: Store): Promise<void> {
    try {
      this.lecture = (await import('../../text/lecture')).lectureText;
    } catch (error) {
      store.settings.change({ lecture: false });
      store.report(text.notLoaded, error);
    }
  }
}

define('strata-nav', StrataNav);
