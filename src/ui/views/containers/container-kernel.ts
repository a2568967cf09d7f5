import { css, html, nothing, type TemplateResult } from 'lit';
import type { ContainerTop } from '../../../api/container';
import type { ContainerKernel } from '../../../api/container-kernel';
import { toSandboxError } from '../../../base/errors';
import type { ContainerShelf } from '../../containers/container-shelf';
import { type InsideView, lookInside } from '../../containers/inside-view';
import { icon, iconStyles } from '../../elements/icon/icon';
import { define } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { containerText } from '../../text/containers';
import { ContainerFacts } from './container-facts';
import { containerStyles } from './container-styles';

interface BothViews {
  readonly kernel: ContainerKernel;
  readonly top: ContainerTop;
  /** Or why nobody inside could be asked. */
  readonly inside: InsideView | string;
}

/** The container as its own processes see it, beside what the kernel of its host says about the same. */
export class ContainerKernelView extends ContainerFacts<BothViews> {
  static override styles = [
    baseStyles,
    buttonStyles,
    iconStyles,
    containerStyles,
    css`
      :host {
        padding: var(--s2) var(--s3);
      }
      header {
        display: flex;
        justify-content: flex-end;
        margin-bottom: var(--s1);
      }
      table {
        width: 100%;
        border-collapse: collapse;
        table-layout: fixed;
        font-size: var(--t1);
      }
      th,
      td {
        padding: var(--s1) 12px;
        border-bottom: 1px solid var(--line);
        text-align: left;
        vertical-align: top;
      }
      thead p {
        color: var(--muted);
        font-weight: 400;
        font-size: var(--t0);
      }
      th:first-child {
        width: 132px;
        color: var(--muted);
        font-weight: 500;
      }
      pre {
        margin: 0;
        font: var(--t0) / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      pre.table {
        white-space: pre;
        overflow-x: auto;
      }
      ul {
        display: grid;
        gap: 2px;
      }
      @media (max-width: 720px) {
        :host {
          padding: 12px;
        }
        th:first-child {
          width: 84px;
        }
      }
    `,
  ];

  protected override readonly needsRunning = true;

  protected override async load(shelf: ContainerShelf, id: string): Promise<BothViews> {
    // First, so that nobody who looks is among what is seen.
    const inside = await lookInside(shelf.engine, id).catch((error: unknown) => toSandboxError(error).message);
    const [kernel, top] = await Promise.all([shelf.kernel(id), shelf.processes(id)]);
    return { kernel, top, inside };
  }

  protected override show({ kernel, top, inside }: BothViews) {
    const { kernel: words } = containerText;
    const seen = (question: keyof InsideView): TemplateResult =>
      typeof inside === 'string'
        ? html`<span class="muted">${inside}</span>`
        : html`<pre>${inside[question] || words.nothing}</pre>`;
    return html`
      <header><button @click=${() => this.ask()}>${icon('reset')}${words.refresh}</button></header>
      <table>
        <thead>
          <tr>
            <th scope="col"><span class="unseen">${words.what}</span></th>
            <th scope="col">${words.inside}<p>${words.insideDetail}</p></th>
            <th scope="col">${words.outside}<p>${words.outsideDetail}</p></th>
          </tr>
        </thead>
        <tbody>
          ${this.#row(words.processes, seen('processes'), html`<pre class="table" tabindex="0" role="region" aria-label=${words.processes}>${tableOf(top)}</pre>`)}
          ${this.#row(words.hostname, seen('hostname'), this.#namespace(kernel, 'uts'))}
          ${this.#row(words.addresses, seen('network'), html`<ul>${kernel.interfaces.map(({ name, host, bridge }) => html`<li>${words.veth(name, host, bridge ?? '')}</li>`)}</ul>${this.#namespace(kernel, 'net')}`)}
          ${this.#row(words.root, seen('root'), html`<pre>${rootOf(kernel)}</pre>`)}
          ${this.#row(words.cgroup, seen('cgroup'), html`<pre>${kernel.cgroup.path}</pre>`)}
          ${this.#row(words.limits, seen('limits'), html`<pre>${filesOf(kernel)}</pre>`)}
          ${this.#row(words.identity, seen('identity'), html`<pre>${userOf(kernel)}</pre>`)}
          ${this.#row(words.capabilities, nothing, html`<p>${words.capabilityCount(kernel.capabilities.bounding.length)}</p><pre>${kernel.capabilities.effective.join(' ')}</pre>`)}
          ${this.#row(words.seccomp, nothing, html`${words.seccompModes[kernel.seccomp.mode]}${kernel.noNewPrivileges ? `, ${words.noNewPrivileges}` : ''}`)}
          ${this.#row(words.namespaces, nothing, html`<ul>${kernel.namespaces.map(({ kind }) => html`<li>${this.#namespace(kernel, kind)}</li>`)}</ul>`)}
        </tbody>
      </table>
    `;
  }

  #row(what: string, inside: unknown, outside: unknown) {
    return html`<tr><th scope="row">${what}</th><td>${inside}</td><td>${outside}</td></tr>`;
  }

  #namespace({ namespaces }: ContainerKernel, kind: string) {
    const found = namespaces.find((each) => each.kind === kind);
    if (!found) return nothing;
    const { kernel: words } = containerText;
    const whose = found.inside === found.host ? words.shared : words.own;
    return html`<span class="mono">${kind}:[${found.inside}]</span> <span class="muted">${whose}</span>`;
  }
}

function tableOf({ Titles, Processes }: ContainerTop): string {
  const rows = [Titles, ...Processes];
  const widths = Titles.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) => row.map((value, at) => (at === row.length - 1 ? value : value.padEnd(widths[at] ?? 0))).join('  '))
    .join('\n');
}

function rootOf({ mounts }: ContainerKernel): string {
  const root = mounts.find(({ target }) => target === '/');
  return root ? `${root.type}\n${root.options.replaceAll(',', '\n')}` : '';
}

function filesOf({ cgroup }: ContainerKernel): string {
  return Object.entries(cgroup.files)
    .map(([name, value]) => `${name}: ${value.trim()}`)
    .join('\n');
}

function userOf({ pid, user }: ContainerKernel): string {
  const maps = user.uidMap.map(({ inside, outside, size }) => `${inside} is ${outside}, ${size} of them`);
  return [`pid ${pid}, uid ${user.uid[0] ?? '?'}, gid ${user.gid[0] ?? '?'}`, ...maps].join('\n');
}

define('strata-container-kernel', ContainerKernelView);
