import { css, html } from 'lit';
import type { InstancePhase } from '../../../api/instance';
import type { LabAction } from '../../../engine/instance-record';
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

/**
 * The state of an instance, or what is done to it now: picture, word and colour say the same. One that sleeps is off, and
 * comes by itself.
 */
export class StateBadge extends StrataElement {
  static override properties = {
    phase: { attribute: false },
    action: { attribute: false },
    asleep: { attribute: false },
  };
  declare phase: InstancePhase;
  declare action: LabAction | undefined;
  declare asleep: boolean | undefined;

  static override styles = [
    baseStyles,
    iconStyles,
    css`
      :host {
        display: inline-flex;
      }
      /* The word stands on the line of the text beside it, which the picture's foot would otherwise. */
      span {
        display: inline-flex;
        align-items: baseline;
        gap: 4px;
        color: var(--off);
        font: 500 var(--t0) / 1.4 var(--sans);
        white-space: nowrap;
      }
      .icon {
        align-self: center;
      }
      .running {
        color: var(--good);
      }
      .starting,
      .stopping,
      .busy {
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
    this.action = undefined;
    this.asleep = undefined;
  }

  override render() {
    const { action, phase, asleep } = this;
    if (action === 'remove') return html`<span class="removing">${icon('remove')}${text.busy.remove}</span>`;
    // The phases of a start and a stop say it already.
    if (action !== undefined && phase !== 'starting' && phase !== 'stopping')
      return html`<span class="busy">${icon('busy')}${text.busy[action]}</span>`;
    if (asleep && phase !== 'failed') return html`<span>${icon('asleep')}${text.unikernels.demand.asleep}</span>`;
    return html`<span class=${phase}>${icon(icons[phase])}${text.phases[phase]}</span>`;
  }
}

define('strata-state-badge', StateBadge);
