import { css, html, nothing } from 'lit';
import type { QuizQuestion } from '../../../formats/lesson/lesson';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, fieldStyles } from '../../styles/base';
import { lessonText } from '../../text/lessons';

/**
 * Questions about what was seen; every answer says why. Nothing is counted. The arrow keys only move from choice to choice: Enter or
 * the space bar answers, or a click.
 */
export class LessonQuiz extends StrataElement {
  static override properties = { questions: { attribute: false }, chosen: { state: true }, told: { state: true } };
  declare questions: readonly QuizQuestion[];
  /** Of each question, the choice that is marked. */
  declare private chosen: ReadonlyMap<number, number>;
  /** Questions whose choice is an answer. */
  declare private told: ReadonlySet<number>;
  /** A key is down that marks another choice. */
  #moving = false;

  static override styles = [
    baseStyles,
    fieldStyles,
    css`
      fieldset + fieldset {
        margin-top: var(--s2);
      }
      h3 {
        margin-bottom: var(--s1);
        font-size: var(--t2);
      }
      legend {
        margin-bottom: 4px;
        font-size: var(--t2);
      }
      .check {
        align-items: baseline;
        padding: 4px 0;
      }
      .answer {
        padding: 4px 0 0 var(--s3);
      }
      .right {
        color: var(--good);
      }
      .wrong {
        color: var(--bad);
      }
    `,
  ];

  constructor() {
    super();
    this.questions = [];
    this.chosen = new Map();
    this.told = new Set();
  }

  /** The element stays from step to step; what was chosen is of the questions before. */
  protected override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has('questions')) return;
    this.chosen = new Map();
    this.told = new Set();
  }

  override render() {
    return html`<h3>${lessonText.quiz.heading}</h3>
      ${this.questions.map((question, at) => this.#question(question, at))}`;
  }

  #question({ question, choices }: QuizQuestion, at: number) {
    const chosen = choices[this.chosen.get(at) ?? -1];
    const told = this.told.has(at);
    return html`<fieldset
      @keydown=${({ key }: KeyboardEvent) => {
        this.#moving = key.startsWith('Arrow');
        if (chosen && (key === 'Enter' || key === ' ')) this.#tell(at);
      }}
      @keyup=${() => {
        this.#moving = false;
      }}
    >
      <legend>${question}</legend>
      ${choices.map(
        ({ text }, index) => html`<label class="check">
          <input
            type="radio"
            name="question-${at}"
            .checked=${this.chosen.get(at) === index}
            @change=${() => this.#choose(at, index)}
            @click=${() => this.chosen.get(at) === index && !this.#moving && this.#tell(at)}
          />
          ${text}
        </label>`,
      )}
      <p class="answer" role="status">
        ${
          chosen && told
            ? html`<strong class=${chosen.right ? 'right' : 'wrong'}>${chosen.right ? lessonText.quiz.right : lessonText.quiz.wrong}</strong> ${chosen.because ?? nothing}`
            : chosen && lessonText.quiz.enter
        }
      </p>
    </fieldset>`;
  }

  #choose(at: number, index: number): void {
    this.chosen = new Map(this.chosen).set(at, index);
    if (this.#moving) this.told = new Set([...this.told].filter((each) => each !== at));
    else this.#tell(at);
  }

  #tell(at: number): void {
    this.told = new Set(this.told).add(at);
  }
}

define('strata-lesson-quiz', LessonQuiz);
