import { css, html, nothing } from 'lit';
import type { QuizQuestion } from '../../../formats/lesson/lesson';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, fieldStyles } from '../../styles/base';
import { lessonText } from '../../text/lessons';

/** Questions about what was seen; every answer says why. Nothing is counted. */
export class LessonQuiz extends StrataElement {
  static override properties = { questions: { attribute: false }, chosen: { state: true } };
  declare questions: readonly QuizQuestion[];
  /** The choice of each question that was answered. */
  declare private chosen: ReadonlyMap<number, number>;

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
  }

  /** The element stays from step to step; what was chosen is of the questions before. */
  protected override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('questions')) this.chosen = new Map();
  }

  override render() {
    return html`<h3>${lessonText.quiz.heading}</h3>
      ${this.questions.map((question, at) => this.#question(question, at))}`;
  }

  #question({ question, choices }: QuizQuestion, at: number) {
    const chosen = choices[this.chosen.get(at) ?? -1];
    return html`<fieldset>
      <legend>${question}</legend>
      ${choices.map(
        ({ text }, index) => html`<label class="check">
          <input
            type="radio"
            name="question-${at}"
            .checked=${this.chosen.get(at) === index}
            @change=${() => {
              this.chosen = new Map(this.chosen).set(at, index);
            }}
          />
          ${text}
        </label>`,
      )}
      <p class="answer" role="status">
        ${
          chosen
            ? html`<strong class=${chosen.right ? 'right' : 'wrong'}>${chosen.right ? lessonText.quiz.right : lessonText.quiz.wrong}</strong> ${chosen.because ?? nothing}`
            : nothing
        }
      </p>
    </fieldset>`;
  }
}

define('strata-lesson-quiz', LessonQuiz);
