import { css, html } from 'lit';
import type { LessonCheck } from '../../../formats/lesson/lesson';
import type { CheckState } from '../../../lessons/check-watch';
import { icon, iconStyles } from '../../elements/icon/icon';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { lessonText } from '../../text/lessons';

const icons = { waiting: 'off', passed: 'running', missing: 'busy' } as const;

/** The checks of a step, and what is still missing. What changes is told to a screen reader. */
export class LessonChecks extends StrataElement {
  static override properties = { checks: { attribute: false }, states: { attribute: false } };
  declare checks: readonly LessonCheck[];
  declare states: readonly CheckState[];

  static override styles = [
    baseStyles,
    iconStyles,
    css`
      h3 {
        margin-bottom: var(--s1);
        font-size: var(--t2);
      }
      li {
        display: flex;
        gap: var(--s1);
        padding: 4px 0;
      }
      li > div {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .icon {
        margin-top: 3px;
        color: var(--muted);
      }
      .passed .icon {
        color: var(--good);
      }
      .missing .icon {
        color: var(--busy);
      }
      .why {
        color: var(--muted);
        font-size: var(--t1);
      }
    `,
  ];

  constructor() {
    super();
    this.checks = [];
    this.states = [];
  }

  override render() {
    const words = lessonText.checks;
    return html`
      <h3>${words.heading}</h3>
      <ul aria-live="polite" aria-relevant="text additions">
        ${this.checks.map((check, at) => {
          const state = this.states[at];
          const now = state?.state ?? 'waiting';
          return html`<li class=${now}>
            ${icon(icons[now])}
            <div>
              <span>${check.name}</span>
              <span class="unseen">: ${words.states[now]}</span>
              ${state?.state === 'missing' ? html`<p class="why">${state.missing}</p>` : ''}
            </div>
          </li>`;
        })}
      </ul>
      ${this.states.length === 0 ? html`<p class="why">${words.before}</p>` : ''}
    `;
  }
}

define('strata-lesson-checks', LessonChecks);
