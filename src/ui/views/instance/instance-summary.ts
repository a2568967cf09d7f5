import { css, html, nothing, type TemplateResult } from 'lit';
import type { AppSpec } from '../../../api/app';
import type { InstanceSpec } from '../../../api/instance';
import type { UnikernelSpec } from '../../../api/unikernel';
import { formatBytes } from '../../../base/bytes';
import type { InstanceRecord } from '../../../engine/instance-record';
import { imageLabel } from '../../../engine/unikernel-library';
import { machineConfig } from '../../../runtime/vm/machine-config';
import '../../elements/sparkline/sparkline';
import { formatMemory, formatShare } from '../../format';
import type { StatPoint } from '../../series';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, tableStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { machineWords } from '../../text/machine-words';
import { summaryText } from '../../text/summary';
import { unikernelFacts } from '../../text/unikernel-facts';

const mebibyte = 1024 * 1024;

/** What an instance is and has: identity, hardware, network cards, disks, and its last minute. */
export class InstanceSummary extends StrataElement {
  static override properties = { store: { attribute: false }, record: { attribute: false } };
  declare store: Store | undefined;
  declare record: InstanceRecord | undefined;

  static override styles = [
    baseStyles,
    tableStyles,
    viewStyles,
    css`
      .grid {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(260px, 100%), 1fr));
        align-items: start;
        gap: var(--s2);
      }
      .panel > h3 {
        padding: 12px var(--s2);
        border-bottom: 1px solid var(--line);
      }
      .wide {
        grid-column: 1 / -1;
      }
      dl {
        display: grid;
        grid-template-columns: max-content 1fr;
        gap: 8px var(--s3);
        padding: var(--s2);
        font-size: var(--t1);
      }
      dt {
        color: var(--muted);
      }
      dd {
        overflow-wrap: anywhere;
      }
      .charts {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(180px, 1fr));
        gap: var(--s2);
        padding: var(--s2);
      }
      .charts p {
        display: flex;
        justify-content: space-between;
        margin-bottom: 4px;
        color: var(--muted);
        font-size: var(--t0);
        font-variant-numeric: tabular-nums;
      }
      .charts p span + span {
        color: var(--text);
      }
      .note {
        padding: 12px var(--s2);
        color: var(--muted);
        font-size: var(--t1);
      }
      tbody tr:last-child > * {
        border-bottom: 0;
      }
    `,
  ];

  constructor() {
    super();
    this.store = undefined;
    this.record = undefined;
  }

  override render() {
    const { store, record } = this;
    if (!store || !record) return nothing;
    return html`<div class="grid">
      ${record.state.phase === 'running' ? this.#live(store, record) : nothing}
      ${this.#identity(store, record)}
      ${this.#hardware(record)}
      ${demandPanel(record)}
      ${this.#disks(record)}
      ${this.#nics(record)}
    </div>`;
  }

  #identity(store: Store, { id, name, spec, snapshot, startMethod, startNote }: InstanceRecord) {
    const summary = summaryText;
    const stands = store.snapshots.value.find((each) => each.id === snapshot);
    const started = startNote ?? (startMethod && text.startMethods[startMethod]) ?? text.figures.unknown;
    return panel(
      summary.identity,
      html`<dl>
        <dt>${summary.name}</dt>
        <dd>${name}</dd>
        <dt>${summary.id}</dt>
        <dd class="mono">${id}</dd>
        <dt>${summary.kind}</dt>
        <dd>${kindOf(spec)}</dd>
        <dt>${summary.started}</dt>
        <dd>${started}</dd>
        <dt>${summary.snapshot}</dt>
        <dd>${stands?.name ?? summary.noSnapshot}</dd>
      </dl>`,
    );
  }

  #hardware({ id, spec }: InstanceRecord) {
    const { store } = this;
    const summary = summaryText;
    const { profile } = machineWords;
    if (spec.kind === 'unikernel') return unikernelPanel(spec);
    if (spec.kind === 'app') return appPanel(spec);
    return panel(
      summary.hardware,
      html`<dl>
        <dt>${summary.memory}</dt>
        <dd>${formatMemory(spec.memoryMiB * mebibyte)}</dd>
        <dt>${summary.devices}</dt>
        <dd>${spec.devices === 'virtio' ? summary.virtio : summary.emulated}</dd>
      </dl>
      ${spec.firmware && store ? html`<p class="note">${profile.about}</p><button @click=${() => store.exportProfile(id)}>${profile.save}</button>` : nothing}`,
    );
  }

  #nics({ nics, name }: InstanceRecord) {
    const summary = summaryText;
    if (nics.length === 0) return panel(summary.nics, html`<p class="note">${summary.noNics}</p>`);
    return panel(
      summary.nics,
      html`<div class="scroll" tabindex="0" role="region" aria-label="${summary.nics}: ${name}">
        <table>
          <thead>
            <tr>
              <th scope="col">${summary.nic.interface}</th>
              <th scope="col">${summary.nic.network}</th>
              <th scope="col">${summary.nic.address}</th>
              <th scope="col">${summary.nic.mac}</th>
            </tr>
          </thead>
          <tbody>
            ${nics.map(
              ({ nic, network, address, mac }) => html`<tr>
                <th scope="row">eth${nic}</th>
                <td>${network}</td>
                <td class="mono">${address}</td>
                <td class="mono">${mac}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>`,
      'wide',
    );
  }

  #disks({ spec }: InstanceRecord) {
    const { disks = [] } = spec;
    const summary = summaryText;
    if (disks.length === 0) return panel(summary.disks, html`<p class="note">${summary.noDisks}</p>`);
    return panel(
      summary.disks,
      html`<dl>${disks.map((disk, index) => html`<dt class="mono">${disk.drive ? machineWords.dialog.drives[disk.drive] : diskName(spec, index)}</dt><dd>${disk.source?.name} ${formatMemory(disk.sizeMiB * mebibyte)}</dd>`)}</dl>`,
    );
  }

  #live(store: Store, { id, spec }: InstanceRecord) {
    const summary = summaryText;
    const { figures, table } = text;
    const points = store.series.value.get(id)?.points ?? [];
    const last = points.at(-1);
    const rate = (bytes: number | undefined): string =>
      bytes === undefined ? figures.unknown : table.rate(formatBytes(bytes));
    const charts: readonly [string, string, (point: StatPoint) => number, number | undefined][] = [
      [figures.cpu, last ? formatShare(last.cpu) : figures.unknown, ({ cpu }) => cpu, 1],
      [
        figures.memory,
        last ? formatMemory(last.memory) : figures.unknown,
        ({ memory }) => memory,
        spec.memoryMiB * mebibyte,
      ],
      [table.columns.received, rate(last?.received), ({ received }) => received, undefined],
      [table.columns.sent, rate(last?.sent), ({ sent }) => sent, undefined],
    ];
    return panel(
      summary.live,
      html`<div class="charts">
        ${charts.map(
          ([name, now, pick, max]) => html`<div>
            <p><span>${name}</span><span>${now}</span></p>
            <strata-sparkline .values=${points.map(pick)} .max=${max} .label=${text.overview.chart(name, now)}></strata-sparkline>
          </div>`,
        )}
      </div>`,
      'wide',
    );
  }
}

function kindOf(spec: InstanceSpec): string {
  if (spec.kind === 'unikernel') return summaryText.unikernel;
  if (spec.kind === 'app') return summaryText.app;
  return spec.containerHost ? summaryText.host : summaryText.vm;
}

function unikernelPanel({ image, args, config, memoryMiB, addressing }: UnikernelSpec) {
  const summary = summaryText;
  const { program } = summary;
  const files = Object.keys(config).join(', ');
  return panel(
    summary.hardware,
    html`<dl>
      <dt>${program.module}</dt>
      <dd class="mono">${imageLabel(image)}</dd>
      <dt>${summary.memory}</dt>
      <dd>${program.upTo(formatMemory(memoryMiB * mebibyte))}</dd>
      <dt>${program.arguments}</dt>
      <dd class="mono">${args.length > 0 ? args.join(' ') : program.none}</dd>
      <dt>${program.files}</dt>
      <dd class="mono">${files === '' ? program.none : files}</dd>
      <dt>${program.addressing}</dt>
      <dd>${unikernelFacts.addressing[addressing]}</dd>
    </dl>`,
  );
}

function appPanel({ image, args, env, files, memoryMiB }: AppSpec) {
  const summary = summaryText;
  const { program } = summary;
  const paths = files.map(({ path }) => path).join(', ');
  return panel(
    summary.hardware,
    html`<dl>
      <dt>${program.program}</dt>
      <dd class="mono">${imageLabel(image)}</dd>
      <dt>${summary.memory}</dt>
      <dd>${program.upTo(formatMemory(memoryMiB * mebibyte))}</dd>
      <dt>${program.arguments}</dt>
      <dd class="mono">${args.length > 0 ? args.join(' ') : program.none}</dd>
      <dt>${program.environment}</dt>
      <dd class="mono">${env.length > 0 ? env.join(' ') : program.none}</dd>
      <dt>${program.files}</dt>
      <dd class="mono">${paths === '' ? program.none : paths}</dd>
    </dl>`,
  );
}

/** How an instance on demand has fared, and what starting and stopping it mean. */
function demandPanel({ spec, demand }: InstanceRecord) {
  if (spec.kind !== 'unikernel' || !spec.onDemand) return nothing;
  const { wakes } = text.unikernels.demand;
  const words = unikernelFacts.demand;
  return panel(
    words.heading,
    html`<dl>
        <dt>${words.field}</dt>
        <dd>${words.after(spec.onDemand.idleMs)}</dd>
        <dt>${words.woken}</dt>
        <dd>${demand ? wakes(demand.wakes, demand.lastWakeMs) || words.never : words.off}</dd>
      </dl>
      <p class="note">${words.about}</p>`,
  );
}

/** As the guest names them: those at the emulated controller come first. */
function diskName(spec: InstanceSpec, index: number): string {
  const ide = spec.kind === 'vm' ? (machineConfig(spec).drives?.length ?? 0) : 0;
  return index < ide ? `sd${'ab'[index]}` : `vd${'abcd'[index - ide]}`;
}

function panel(heading: string, body: TemplateResult, extra = '') {
  return html`<section class="panel ${extra}"><h3>${heading}</h3>${body}</section>`;
}

define('strata-instance-summary', InstanceSummary);
