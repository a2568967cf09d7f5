import { css, html, nothing } from 'lit';
import { icon, iconStyles } from '../../elements/icon/icon';
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
  }

  /** The heading: what is said comes before what can be done. */
  override focus(): void {
    this.renderRoot.querySelector('h3')?.focus();
  }

  override render() {
    const { run } = this;
    if (!run) return nothing;
    const words = lessonText.lab;
    const state = run.labState.value;
    const plan = state === 'absent' || state === 'partial' ? run.plan() : undefined;
    const others = plan ? run.inTheWay() : [];
    const busy = state === 'starting' || state === 'resetting';
    const idle = run.idle.value;
    const failures = run.failures.value.filter(
      ({ name }) => state === 'absent' || state === 'partial' || idle.some((each) => each.name === name),
    );
    const told = {
      none: words.none,
      absent: plan ? words.what(plan) : '',
      starting: words.starting,
      ready: words.ready,
      resetting: words.resetting,
      idle: words.idle(idle.map(({ name }) => name)),
      partial: words.partial(run.parts()),
    };
    const stopped = idle.filter(({ coming }) => !coming);
    const isAgain = failures.length > 0 || stopped.some(({ phase }) => phase === 'failed');
    const starts = {
      absent: others.length > 0 ? words.replace : words.start,
      idle: isAgain ? words.again : words.wake(stopped.map(({ name }) => name)),
      partial: words.anew,
    };
    const start = state === 'absent' || state === 'idle' || state === 'partial' ? starts[state] : undefined;
    return html`<section class="panel">
      <h3 tabindex="-1">${words.heading}</h3>
      <p role="status">${told[state]}</p>
      ${
        plan
          ? html`
              ${plan.egress.length > 0 ? html`<p>${words.asks(plan.egress.flatMap(({ hosts }) => hosts))}</p>` : nothing}
              ${plan.setups.length > 0 ? html`<p>${words.runs(plan.setups.map(({ instance }) => instance))}</p>` : nothing}
              ${others.length > 0 ? html`<p>${words.inTheWay(others.map(({ title }) => title))}</p>` : nothing}
              ${plan.conflicts.map((why) => html`<p class="bad">${words.conflict(why)}</p>`)}
            `
          : nothing
      }
      ${failures.map(({ name, message }) => html`<p class="bad">${words.failed(name, message)}</p>`)}
      <div class="buttons">
        ${
          start !== undefined || busy
            ? html`<button class="filled" ?disabled=${busy || (plan?.conflicts.length ?? 0) > 0} @click=${() => void (others.length > 0 ? run.replace() : run.start())}>
                ${icon(busy ? 'busy' : 'start')}${start ?? told[state]}
              </button>`
            : nothing
        }
        ${
          state === 'absent' || busy
            ? nothing
            : html`<button @click=${() => void run.reset()}>${icon('reset')}${lessonText.reset}</button>`
        }
      </div>
    </section>`;
  }
}

define('strata-lesson-lab', LessonLabElement);
