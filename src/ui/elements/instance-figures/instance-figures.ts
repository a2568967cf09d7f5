import { css, html, nothing } from 'lit';
import { formatBytes } from '../../../base/bytes';
import type { InstanceRecord } from '../../../engine/instance-record';
import type { StatReading } from '../../../engine/stat-sampler';
import { formatMemory, formatShare, formatUptime } from '../../format';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { text } from '../../text';

/** The live figures of a running instance. */
export class InstanceFigures extends StrataElement {
  static override properties = {
    record: { attribute: false },
    reading: { attribute: false },
    now: { attribute: false },
  };
  declare record: InstanceRecord | undefined;
  declare reading: StatReading | undefined;
  declare now: number;

  static override styles = [
    baseStyles,
    css`
      dl {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1) var(--s4);
      }
      dt {
        color: var(--muted);
        font-size: var(--t0);
      }
      dd {
        font-size: var(--t2);
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      meter {
        display: block;
        width: 96px;
        height: 6px;
        margin-top: 2px;
        border: 0;
        border-radius: 3px;
        background: var(--line);
        overflow: hidden;
      }
      meter::-webkit-meter-bar {
        height: 6px;
        border: 0;
        border-radius: 3px;
        background: var(--line);
      }
      meter::-webkit-meter-optimum-value {
        background: var(--accent);
        transition: inline-size var(--quick);
      }
      meter::-moz-meter-bar {
        background: var(--accent);
      }
      @media (max-width: 720px) {
        dl {
          gap: var(--s1) var(--s2);
        }
        .wide {
          display: none;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.record = undefined;
    this.reading = undefined;
    this.now = 0;
  }

  override render() {
    const { record } = this;
    if (!record) return nothing;
    // What it was read to be before it was paused is not what it is.
    const reading = record.state.phase === 'running' ? this.reading : undefined;
    const { figures, list } = text;
    const total = record.spec.memoryMiB * 1024 * 1024;
    const used = reading?.sample.memory.used;
    const share = reading?.cpuShare;
    const network = reading?.sample.network;
    return html`<dl>
      <div>
        <dt>${figures.cpu}</dt>
        <dd>${share === undefined ? figures.unknown : formatShare(share)}<meter aria-label=${figures.cpu} max="1" .value=${share ?? 0}></meter></dd>
      </div>
      <div>
        <dt>${figures.memory}</dt>
        <dd>
          ${used === undefined ? formatMemory(total) : list.memory(formatMemory(used), formatMemory(total))}<meter
            aria-label=${figures.memory}
            max=${total}
            .value=${used ?? 0}
          ></meter>
        </dd>
      </div>
      <div>
        <dt>${figures.uptime}</dt>
        <dd>${record.runningSince === undefined ? figures.unknown : formatUptime(this.now - record.runningSince)}</dd>
      </div>
      <div class="wide">
        <dt>${figures.network}</dt>
        <dd>
          ${network ? html`${formatBytes(network.rxBytes)} ${figures.received}, ${formatBytes(network.txBytes)} ${figures.sent}` : figures.unknown}
        </dd>
      </div>
      <div class="wide">
        <dt>${figures.processes}</dt>
        <dd>${reading?.sample.processes ?? figures.unknown}</dd>
      </div>
    </dl>`;
  }
}

define('strata-instance-figures', InstanceFigures);
