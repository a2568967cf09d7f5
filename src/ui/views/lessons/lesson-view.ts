import { css, html, nothing } from 'lit';
import type { Code } from 'mdast';
import type { Disposable } from '../../../base/lifecycle';
import { type LessonStep, labTerminal, type TerminalAddress } from '../../../formats/lesson/lesson';
import { addressOf } from '../../../formats/lesson/terminal-address';
import { solutionOf } from '../../../lessons/solve-step';
import { icon, iconStyles } from '../../elements/icon/icon';
import type { LessonRun } from '../../lessons/lesson-run';
import type { LessonShelf } from '../../lessons/lesson-shelf';
import { renderMarkdown } from '../../lessons/render-markdown';
import { formatRoute } from '../../route';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, tableStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { lessonText } from '../../text/lessons';
import './lesson-checks';
import type { LessonLabElement } from './lesson-lab';
import './lesson-lab';
import './lesson-quiz';
import { lessonStyles } from './lesson-styles';

/** One lesson: the step of the address, its checks, and what helps. */
export class LessonView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    shelf: { attribute: false },
    run: { attribute: false },
    step: { attribute: false },
    hints: { state: true },
  };
  declare store: Store | undefined;
  declare shelf: LessonShelf | undefined;
  declare run: LessonRun | undefined;
  declare step: number;
  /** How many of the step's hints are shown. */
  declare private hints: number;
  #showing: Disposable | undefined;
  /** Whether the focus was in the panel of the lab before this update. */
  #inLab = false;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    tableStyles,
    viewStyles,
    lessonStyles,
    css`
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: space-between;
        gap: var(--s1) var(--s2);
        margin-bottom: 12px;
      }
      .head a {
        font-size: var(--t1);
      }
      .steps {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s0);
        margin-bottom: var(--s2);
      }
      .steps a {
        display: inline-flex;
        align-items: center;
        gap: 4px;
        min-height: 28px;
        padding: 0 var(--s1);
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        color: var(--text);
        font-size: var(--t1);
        text-decoration: none;
      }
      .steps a[aria-current] {
        background: var(--selected);
        font-weight: 600;
      }
      .steps .icon {
        color: var(--good);
      }
      .ways {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: var(--s1);
        margin-top: var(--s3);
      }
      .ways a {
        display: inline-flex;
        align-items: center;
        min-height: var(--control);
        padding: 0 var(--s2);
        border: 1px solid var(--accent);
        border-radius: var(--radius);
        font-weight: 500;
        font-size: var(--t1);
        text-decoration: none;
      }
      .ways a.next {
        margin-left: auto;
        background: var(--accent);
        color: var(--on-accent);
      }
      .help {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
        margin-top: var(--s1);
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.shelf = undefined;
    this.run = undefined;
    this.step = 0;
    this.hints = 0;
  }

  override render() {
    const { store, shelf, run } = this;
    if (!store || !shelf || !run) return nothing;
    const { lesson, id } = run;
    const step = run.stepAt(this.step);
    return html`
      <div class="head">
        <h2 tabindex="-1">${lesson.title}</h2>
        <a href=${formatRoute({ view: 'lessons' })}>${lessonText.all}</a>
      </div>
      ${this.#steps(shelf, run)}
      ${step ? this.#step(store, run, step) : this.#introduction(store, run)}
      <div class="ways">
        ${this.step > 0 ? html`<a href=${formatRoute({ view: 'lesson', id, step: this.step - 1 })}>${lessonText.back}</a>` : nothing}
        ${
          this.step < lesson.steps.length
            ? html`<a class="next" href=${formatRoute({ view: 'lesson', id, step: this.step + 1 })}>${lessonText.next}</a>`
            : html`<a class="next" href=${formatRoute({ view: 'lessons' })}>${lessonText.finish}</a>`
        }
      </div>
    `;
  }

  protected override willUpdate(changed: Map<string, unknown>): void {
    this.#inLab = this.shadowRoot?.activeElement?.localName === 'strata-lesson-lab';
    if (!changed.has('run') && !changed.has('step')) return;
    this.hints = 0;
    this.#showing?.dispose();
    this.#showing = this.run?.show(this.step);
    this.scrollTop = 0;
  }

  /** Whoever has gone to another step reads on there: the link that led to it says something else now. */
  protected override updated(changed: Map<string, unknown>): void {
    if (this.run && this.isConnected) document.title = text.title(this.run.lesson.title, text.nav.lessons);
    // A lab that has started takes the button that did away.
    const lost = this.#inLab && !this.shadowRoot?.activeElement;
    if (!lost && (changed.get('step') === undefined || changed.has('run'))) return;
    (this.renderRoot.querySelector<HTMLElement>('#step') ?? this.renderRoot.querySelector<HTMLElement>('h2'))?.focus();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#showing ??= this.run?.show(this.step);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#showing?.dispose();
    this.#showing = undefined;
  }

  #steps(shelf: LessonShelf, { id, lesson }: LessonRun) {
    const passed = new Set(shelf.progressOf(id).passed);
    const link = (number: number, name: string) => html`<a
      href=${formatRoute({ view: 'lesson', id, step: number })}
      aria-current=${number === this.step ? 'step' : nothing}
      >${passed.has(number) ? html`${icon('done')}<span class="unseen">${lessonText.passed}: </span>` : nothing}${name}</a
    >`;
    return html`<nav class="steps" aria-label=${lessonText.stepsLabel}>
      ${link(0, lessonText.introduction)}
      ${lesson.steps.map(({ title }, at) => link(at + 1, lessonText.step(at + 1, title)))}
    </nav>`;
  }

  #introduction(store: Store, run: LessonRun) {
    return html`
      <div class="text">${renderMarkdown(run.lesson.introduction, { level: 3, code: (code) => this.#code(store, run, code) })}</div>
      <strata-lesson-lab .run=${run}></strata-lesson-lab>
    `;
  }

  #step(store: Store, run: LessonRun, step: LessonStep) {
    const code = (each: Code) => this.#code(store, run, each);
    const state = run.labState.value;
    return html`
      <div class="text">
        <h3 id="step" tabindex="-1">${lessonText.step(this.step, step.title)}</h3>
        ${renderMarkdown(step.text, { level: 4, code })}
      </div>
      ${state !== 'ready' && state !== 'none' ? html`<strata-lesson-lab .run=${run}></strata-lesson-lab>` : nothing}
      ${step.checks.length + step.hints.length > 0 || solutionOf(step).length > 0 ? this.#help(run, step) : nothing}
      ${step.quiz.length > 0 ? html`<section class="panel"><strata-lesson-quiz .questions=${step.quiz}></strata-lesson-quiz></section>` : nothing}
    `;
  }

  #help(run: LessonRun, step: LessonStep) {
    const { hints, solution } = lessonText;
    const shown = step.hints.slice(0, this.hints);
    const solving = run.solving.value;
    return html`<section class="panel">
      ${step.checks.length > 0 ? html`<strata-lesson-checks .checks=${step.checks} .states=${run.checks.value}></strata-lesson-checks>` : nothing}
      ${shown.map((hint) => html`<div class="text" role="status">${renderMarkdown(hint, { level: 4 })}</div>`)}
      <div class="help">
        ${
          this.hints < step.hints.length
            ? html`<button
                @click=${() => {
                  this.hints += 1;
                }}
              >
                ${icon('help')}${hints.next(this.hints, step.hints.length)}
              </button>`
            : nothing
        }
        ${
          solutionOf(step).length > 0
            ? html`<button ?disabled=${solving} title=${solution.hint} @click=${() => void run.solve()}>
                ${icon('start')}${solving ? solution.running : solution.show}
              </button>`
            : nothing
        }
      </div>
    </section>`;
  }

  #code(store: Store, run: LessonRun, code: Code) {
    const at = addressOf(code);
    const label = lessonText.code;
    const where =
      at === undefined || at === 'wrong'
        ? undefined
        : lessonText.where(at.instance === labTerminal ? lessonText.lab_ : at.instance, at.shell);
    return html`<div class="block">
      <pre tabindex="0" role="group" aria-label=${label}><code>${code.value}</code></pre>
      ${
        at === undefined || at === 'wrong' || where === undefined
          ? nothing
          : html`<div class="act">
              <button class="quiet" @click=${() => this.#type(run, at, code.value)}>${icon('terminal')}${lessonText.run(where)}</button>
              <button class="quiet" @click=${() => void this.#copy(store, code.value)}>${icon('copy')}${lessonText.copy}</button>
            </div>`
      }
    </div>`;
  }

  /** Whoever cannot type since the lab does not run is brought to where it is started. */
  #type(run: LessonRun, at: TerminalAddress, lines: string): void {
    if (run.type(at, lines)) return;
    this.renderRoot.querySelector<LessonLabElement>('strata-lesson-lab')?.focus();
  }

  async #copy(store: Store, text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      store.announce(lessonText.copied);
    } catch (error) {
      store.report(lessonText.copy, error);
    }
  }
}

define('strata-lesson-view', LessonView);
