import { css, html } from 'lit';
import type { InstancePhase } from '../../../api/instance';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { text } from '../../text';
import { type IconName, icon, iconStyles } from '../icon/icon';

const icons: Record<InstancePhase, IconName> = {
  created: 'off',
  starting: 'busy',
  running: 'running',
  paused: 'paused',
  stopping: 'busy',
  stopped: 'off',
  failed: 'failed',
};

/** The state of an instance: picture, word and colour say the same. */
export class StateBadge extends StrataElement {
  static override properties = { phase: { attribute: false }, removing: { attribute: false } };
  declare phase: InstancePhase;
  declare removing: boolean;

  static override styles = [
    baseStyles,
    iconStyles,
    css`
      :host {
        display: inline-flex;
      }
      span {
        display: inline-flex;
        align-items: center;
        gap: 4px;
        color: var(--off);
        font: 500 var(--t0) / 1.4 var(--sans);
        white-space: nowrap;
      }
      .running {
        color: var(--good);
      }
      .starting,
      .stopping {
        color: var(--busy);
      }
      .paused,
      .removing {
        color: var(--warn);
      }
      .failed {
        color: var(--bad);
      }
    `,
  ];

  constructor() {
    super();
    this.phase = 'created';
    this.removing = false;
  }

  override render() {
    if (this.removing) return html`<span class="removing">${icon('remove')}${text.removing}</span>`;
    return html`<span class=${this.phase}>${icon(icons[this.phase])}${text.phases[this.phase]}</span>`;
  }
}

define('strata-state-badge', StateBadge);
