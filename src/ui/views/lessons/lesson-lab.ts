import { css, html, nothing } from 'lit';
import { icon, iconStyles } from '../../elements/icon/icon';
import { FocusKeeper } from '../../focus-keeper';
import type { LessonRun } from '../../lessons/lesson-run';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, viewStyles } from '../../styles/base';
import { lessonText } from '../../text/lessons';

/** What a lesson starts, shown before it does, and how it is begun again. */
export class LessonLabElement extends StrataElement {
  static override properties = { run: { attribute: false } };
  declare run: LessonRun | undefined;

  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    viewStyles,
    css`
      :host {
        margin: var(--s3) 0;
        padding: 0;
        overflow: visible;
      }
      .panel {
        display: grid;
        gap: var(--s1);
        padding: 12px var(--s2);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
      }
      .bad {
        color: var(--bad);
        overflow-wrap: anywhere;
      }
    `,
  ];

  constructor() {
    super();
    this.run = undefined;
    this.addController(new FocusKeeper(this));
  }

  override render() {
    const { run } = this;
    if (!run) return nothing;
    const words = lessonText.lab;
    const state = run.labState.value;
    const plan = state === 'absent' ? run.plan() : undefined;
    const busy = state === 'starting' || state === 'resetting';
    const told = {
      none: words.none,
      absent: plan ? words.what(plan) : '',
      starting: words.starting,
      ready: words.ready,
      resetting: words.resetting,
    };
    return html`<section class="panel">
      <h3 tabindex="-1">${words.heading}</h3>
      <p role="status">${told[state]}</p>
      ${
        plan
          ? html`
              ${plan.egress.length > 0 ? html`<p>${words.asks(plan.egress.flatMap(({ hosts }) => hosts))}</p>` : nothing}
              ${plan.setups.length > 0 ? html`<p>${words.runs(plan.setups.map(({ instance }) => instance))}</p>` : nothing}
              ${plan.conflicts.map((why) => html`<p class="bad">${words.conflict(why)}</p>`)}
            `
          : nothing
      }
      ${run.failures.value.map(({ name, message }) => html`<p class="bad">${words.failed(name, message)}</p>`)}
      <div class="buttons">
        ${
          state === 'absent' || busy
            ? html`<button class="filled" ?disabled=${busy || (plan?.conflicts.length ?? 0) > 0} @click=${() => void run.start()}>
                ${icon(busy ? 'busy' : 'start')}${state === 'absent' ? words.start : told[state]}
              </button>`
            : html`<button @click=${() => void run.reset()}>${icon('reset')}${lessonText.reset}</button>`
        }
      </div>
    </section>`;
  }
}

define('strata-lesson-lab', LessonLabElement);
