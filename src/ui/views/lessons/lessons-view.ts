import { css, html, nothing } from 'lit';
import { toSandboxError } from '../../../base/errors';
import { describeLessonProblem } from '../../../formats/lesson/read-lesson';
import { icon, iconStyles } from '../../elements/icon/icon';
import type { LessonRun } from '../../lessons/lesson-run';
import { type LessonShelf, type Preview, previewId } from '../../lessons/lesson-shelf';
import type { LessonEntry } from '../../lessons/lesson-source';
import { formatRoute } from '../../route';
import type { Store } from '../../store';
import { failureWords } from '../../store/failure-words';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, viewStyles } from '../../styles/base';
import { lessonText } from '../../text/lessons';
import './lesson-view';

/** The lessons, and one of them when the address names it. */
export class LessonsView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    shelf: { state: true },
    run: { state: true },
    missing: { state: true },
    failed: { state: true },
  };
  declare store: Store | undefined;
  declare private shelf: LessonShelf | undefined;
  declare private run: LessonRun | undefined;
  /** The lesson of the address that cannot be had. */
  declare private missing: string | undefined;
  /** The lessons could not be had. They are asked for again by a button, or when the network is back. */
  declare private failed: boolean;
  /** The lesson that is being fetched. */
  #wanted = '';
  /** Why it cannot be had. */
  #why = '';
  #online = true;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    viewStyles,
    css`
      :host(.one) {
        display: flex;
        flex-direction: column;
        padding: 0;
        overflow: hidden;
      }
      .lead {
        max-width: 68ch;
        margin-bottom: var(--s2);
        color: var(--muted);
      }
      ol {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr));
        gap: var(--s2);
      }
      .card {
        display: grid;
        grid-template-rows: auto 1fr auto;
        gap: var(--s1);
        height: 100%;
        padding: var(--s2);
      }
      .card h3 a {
        text-decoration: none;
      }
      .card h3 a:hover {
        text-decoration: underline;
      }
      .facts {
        display: flex;
        justify-content: space-between;
        gap: var(--s1);
        color: var(--muted);
        font-size: var(--t1);
      }
      .preview {
        margin-bottom: var(--s2);
        padding: var(--s2);
      }
      .preview ul {
        padding-left: 1.4em;
        list-style: revert;
        overflow-wrap: anywhere;
      }
      input[type='file'] {
        display: none;
      }
      .gone {
        display: grid;
        gap: var(--s1);
        justify-items: center;
        padding: var(--s4);
        color: var(--muted);
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
    this.run = undefined;
    this.missing = undefined;
    this.failed = false;
  }

  override render() {
    const { store, shelf } = this;
    if (store && !shelf && this.failed) return this.#notFetched();
    if (!store || !shelf) return nothing;
    const route = store.route.value;
    const one = route.view === 'lesson';
    this.classList.toggle('one', one);
    if (!one) return this.#list(shelf);
    if (this.run && this.#isCurrent(this.run, shelf, route.id))
      return html`<strata-lesson-view .store=${store} .shelf=${shelf} .run=${this.run} .step=${this.run.within(route.step)}></strata-lesson-view>`;
    if (this.missing !== route.id) void this.#fetch(shelf, route.id);
    return this.missing === route.id
      ? html`<div class="gone"><h2>${lessonText.gone}</h2><p>${this.#why}</p><a href=${formatRoute({ view: 'lessons' })}>${lessonText.all}</a></div>`
      : nothing;
  }

  protected override willUpdate(): void {
    const { store, shelf, run } = this;
    const online = store?.online.value ?? true;
    if (online && !this.#online) this.failed = false;
    this.#online = online;
    const route = store?.route.value;
    const id = route?.view === 'lesson' ? route.id : '';
    // Whoever comes back asks again, and a folder that was brought since is there.
    if (this.missing !== id || (id === previewId && shelf?.preview.value?.lesson)) this.missing = undefined;
    // What is still on its way when another lesson is shown comes too late.
    if (id === '' || (run && shelf && this.#isCurrent(run, shelf, id))) this.#wanted = '';
  }

  protected override updated(): void {
    if (this.store && !this.shelf && !this.failed) void this.#open(this.store);
  }

  /** A folder that was brought again is another lesson of the same name. */
  #isCurrent({ id, lesson }: LessonRun, shelf: LessonShelf, wanted: string): boolean {
    return id === wanted && (id !== previewId || lesson === shelf.preview.value?.lesson);
  }

  async #open(store: Store): Promise<void> {
    const shelf = await store.parts.lessons.get();
    if (this.store !== store) return;
    this.shelf = shelf;
    this.failed = !shelf;
  }

  #notFetched() {
    const again = (): void => {
      this.failed = false;
    };
    return html`<div class="gone">
      <h2>${lessonText.notFetched}</h2>
      <button @click=${again}>${lessonText.fetchAgain}</button>
    </div>`;
  }

  async #fetch(shelf: LessonShelf, id: string): Promise<void> {
    if (this.#wanted === id) return;
    this.#wanted = id;
    try {
      const run = await shelf.lesson(id);
      if (this.#wanted === id) this.run = run;
    } catch (error) {
      if (this.#wanted !== id) return;
      const failure = toSandboxError(error);
      this.#why = failure.code === 'NotFound' ? lessonText.goneDetail : failureWords(failure);
      this.missing = id;
    } finally {
      if (this.#wanted === id) this.#wanted = '';
    }
  }

  #list(shelf: LessonShelf) {
    return html`
      <div class="top">
        <h2>${lessonText.heading}</h2>
        <div class="buttons">
          <button title=${lessonText.previewHint} @click=${() => this.renderRoot.querySelector<HTMLInputElement>('#folder')?.click()}>
            ${icon('folder')}${lessonText.preview}
          </button>
          <input id="folder" type="file" webkitdirectory aria-label=${lessonText.previewHint} @change=${this.#chosen} />
        </div>
      </div>
      <p class="lead">${lessonText.lead}</p>
      ${shelf.preview.value ? this.#preview(shelf.preview.value) : nothing}
      <ol>
        ${shelf.entries.value.map((entry) => this.#card(shelf, entry))}
      </ol>
    `;
  }

  #card(shelf: LessonShelf, { id, title, summary, minutes, files }: LessonEntry) {
    const { passed, step } = shelf.progressOf(id);
    const steps = files.filter((name) => name.endsWith('.md')).length - 1;
    return html`<li class="panel card">
      <h3><a href=${formatRoute({ view: 'lesson', id, step })}>${title}</a></h3>
      <p>${summary}</p>
      <p class="facts">
        <span>${lessonText.minutes(minutes)}</span>
        <span>${passed.length === 0 ? nothing : lessonText.steps(passed.length, steps)}</span>
      </p>
    </li>`;
  }

  #preview({ name, problems, dropped, lesson }: Preview) {
    return html`<section class="panel preview">
      <h3>${lesson ? html`<a href=${formatRoute({ view: 'lesson', id: previewId, step: 0 })}>${lesson.title}</a>` : lessonText.notRead(name)}</h3>
      ${
        problems.length > 0
          ? html`<p>${lessonText.problems}</p>
              <div role="alert">
                <ul>
                ${problems.map((problem) => html`<li>${describeLessonProblem(problem)}</li>`)}
              </ul>
              </div>`
          : nothing
      }
      ${
        dropped.length > 0
          ? html`<p>${lessonText.dropped}</p>
              <ul>
                ${dropped.map((each) => html`<li>${each}</li>`)}
              </ul>`
          : nothing
      }
    </section>`;
  }

  readonly #chosen = ({ target }: Event): void => {
    if (!(target instanceof HTMLInputElement)) return;
    const files = [...(target.files ?? [])];
    if (files.length > 0) void this.store?.parts.intake.get().then((intake) => intake?.lesson(files));
    target.value = '';
  };
}

define('strata-lessons-view', LessonsView);
