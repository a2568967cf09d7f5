import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { ContainerTop } from '../../../api/container';
import type { ContainerKernel } from '../../../api/container-kernel';
import { toSandboxError } from '../../../base/errors';
import type { ContainerShelf } from '../../containers/container-shelf';
import { type InsideView, lookInside } from '../../containers/inside-view';
import { type ProcessRights, parseNamespaces, parseRights } from '../../containers/process-status';
import { kernelMounts, mountLines, parseMountInfo, type SeenMount, sortMounts } from '../../containers/seen-mounts';
import { icon, iconStyles } from '../../elements/icon/icon';
import { define } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { containerText } from '../../text/containers';
import { ContainerFacts } from './container-facts';
import { containerStyles } from './container-styles';

interface BothViews {
  readonly kernel: ContainerKernel;
  readonly top: ContainerTop;
  /** Undefined: nobody is there to be asked; a text: why that could not be. */
  readonly inside: InsideView | string | undefined;
}

/** What is looked at, with what is shown of it on both sides. */
interface ComparedRow {
  readonly what: string;
  readonly inside: (view: InsideView) => unknown;
  readonly outside: unknown;
}

/** Milliseconds from one look to the next. */
const renewal = 5000;

/** The container as its own processes see it, beside what the kernel of its host says about the same, again and again. */
export class ContainerKernelView extends ContainerFacts<BothViews> {
  static override properties = { ...ContainerFacts.properties, now: { attribute: false } };
  /** The page's clock; it stands while nobody sees the page. */
  declare now: number;
  #seen = 0;
  #looking = false;

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
      /* What has columns or long lines keeps them, and is scrolled by itself. */
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
      }
      @media (max-width: 1000px) {
        th:first-child {
          width: 84px;
        }
      }
      /* What a row is of stands above it, so that both sides have room enough for what they say. */
      @media (max-width: 560px) {
        tr {
          display: grid;
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
        tbody th:first-child {
          grid-column: 1 / -1;
          width: auto;
          padding-bottom: 0;
          border-bottom: 0;
        }
        thead th:first-child {
          display: none;
        }
        td:last-child {
          grid-column: 2;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.now = 0;
  }

  protected override readonly needsRunning = true;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('now') || this.#looking || this.now - this.#seen < renewal || !this.checkVisibility()) return;
    // The first look is by the container that it got.
    const isFirst = this.#seen === 0;
    this.#seen = this.now;
    if (!isFirst) this.ask();
  }

  protected override async load(shelf: ContainerShelf, id: string): Promise<BothViews> {
    this.#looking = true;
    try {
      // First, so that nobody who looks is among what is seen.
      const inside = await lookInside(shelf.engine, id).catch((error: unknown) => toSandboxError(error).message);
      const [kernel, top] = await Promise.all([shelf.kernel(id), shelf.processes(id)]);
      return { kernel, top, inside };
    } finally {
      this.#looking = false;
    }
  }

  protected override show(views: BothViews) {
    const { kernel: words } = containerText;
    const { inside } = views;
    const rows = this.#rows(views);
    const insideOf = ({ inside: show }: ComparedRow, at: number): unknown => {
      if (typeof inside === 'object') return html`<td>${show(inside) || words.nothing}</td>`;
      return at === 0 ? html`<td class="muted" rowspan=${rows.length}>${inside ?? words.nobody}</td>` : nothing;
    };
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
          ${rows.map((row, at) => html`<tr><th scope="row">${row.what}</th>${insideOf(row, at)}<td>${row.outside}</td></tr>`)}
        </tbody>
      </table>
    `;
  }

  #rows({ kernel, top }: BothViews): readonly ComparedRow[] {
    const { kernel: words } = containerText;
    const links = kernel.interfaces.map(
      ({ name, host, bridge }) => html`<li>${words.veth(name, host, bridge ?? '')}</li>`,
    );
    const said = (question: keyof InsideView) => (view: InsideView) =>
      view[question] === '' ? '' : html`<pre>${view[question]}</pre>`;
    const listed = (question: 'processes' | 'network', what: string) => (view: InsideView) =>
      view[question] === '' ? '' : table(`${what}, ${words.inside}`, view[question]);
    const mounted = kernelMounts(kernel, this.container?.Mounts ?? []);
    return [
      {
        what: words.processes,
        inside: listed('processes', words.processes),
        outside: table(`${words.processes}, ${words.outside}`, tableOf(top)),
      },
      { what: words.hostname, inside: said('hostname'), outside: this.#namespace(kernel, 'uts') },
      {
        what: words.addresses,
        inside: listed('network', words.addresses),
        outside: html`<ul>${links}</ul>${this.#namespace(kernel, 'net')}`,
      },
      {
        what: words.root,
        inside: ({ mounts }) => showRoot(parseMountInfo(mounts), words.inside),
        outside: showRoot(kernel.mounts, words.outside),
      },
      {
        what: words.mounts,
        inside: ({ mounts }) => showMounts(parseMountInfo(mounts), words.mounts, words.inside),
        outside: showMounts(mounted, words.mounts, words.outside),
      },
      { what: words.cgroup, inside: said('cgroup'), outside: html`<pre>${kernel.cgroup.path}</pre>` },
      { what: words.limits, inside: said('limits'), outside: html`<pre>${filesOf(kernel)}</pre>` },
      { what: words.identity, inside: said('identity'), outside: html`<pre>${userOf(kernel)}</pre>` },
      {
        what: words.capabilities,
        inside: ({ status }) => showRights(parseRights(status)),
        outside: showCapabilities(kernel.capabilities),
      },
      {
        what: words.seccomp,
        inside: ({ status }) => showFilter(parseRights(status)),
        outside: showFilter({ seccomp: kernel.seccomp.mode, noNewPrivileges: kernel.noNewPrivileges }),
      },
      {
        what: words.namespaces,
        inside: ({ namespaces }) => showNamespaces(namespaces),
        outside: html`<ul>${kernel.namespaces.map(({ kind }) => html`<li>${this.#namespace(kernel, kind)}</li>`)}</ul>`,
      },
    ];
  }

  #namespace({ namespaces }: ContainerKernel, kind: string) {
    const found = namespaces.find((each) => each.kind === kind);
    if (!found) return nothing;
    const { kernel: words } = containerText;
    const whose = found.inside === found.host ? words.shared : words.own;
    return html`<span class="mono">${kind}:[${found.inside}]</span> <span class="muted">${whose}</span>`;
  }
}

/** A table of text that may be wider than its cell. */
function table(what: string, text: string): TemplateResult {
  return html`<pre class="table" tabindex="0" role="region" aria-label=${what}>${text}</pre>`;
}

/** Its options one a line. */
function showRoot(mounts: ContainerKernel['mounts'] | readonly SeenMount[], side: string): unknown {
  const root = mounts.find(({ target }) => target === '/');
  return root && table(`${containerText.kernel.root}, ${side}`, `${root.type}\n${root.options.replaceAll(',', '\n')}`);
}

function showMounts(mounts: readonly SeenMount[], what: string, side: string): unknown {
  if (mounts.length === 0) return '';
  const { kernel: words } = containerText;
  const { own, kernel, masked, readOnly } = sortMounts(mounts);
  const more = [
    ...(masked.length > 0 ? [words.masked(masked.join(' '))] : []),
    ...(readOnly.length > 0 ? [words.readOnly(readOnly.join(' '))] : []),
  ];
  return html`${table(`${what}, ${side}`, mountLines([...own, ...kernel], words.mountedFrom))}${more.map((each) => html`<p>${each}</p>`)}`;
}

function showCapabilities({ bounding, effective }: Pick<ProcessRights, 'bounding' | 'effective'>): unknown {
  return html`<p>${containerText.kernel.capabilityCount(bounding.length)}</p><pre>${effective.join(' ')}</pre>`;
}

function showRights(rights: ProcessRights | undefined): unknown {
  return rights && showCapabilities(rights);
}

function showFilter(rights: Pick<ProcessRights, 'seccomp' | 'noNewPrivileges'> | undefined): unknown {
  const { kernel: words } = containerText;
  return rights && `${words.seccompModes[rights.seccomp]}${rights.noNewPrivileges ? `, ${words.noNewPrivileges}` : ''}`;
}

function showNamespaces(text: string): unknown {
  const seen = parseNamespaces(text);
  return seen.length === 0
    ? ''
    : html`<ul>${seen.map(({ kind, inode }) => html`<li class="mono">${kind}:[${inode}]</li>`)}</ul>`;
}

/** What is the same inside or differs there; the rest is in the tab of processes. */
const compared = ['UID', 'PID', 'PPID', 'CMD'];

function tableOf({ Titles, Processes }: ContainerTop): string {
  const columns = compared.map((title) => Titles.indexOf(title)).filter((at) => at >= 0);
  const rows = [Titles, ...Processes].map((row) => columns.map((at) => row[at] ?? ''));
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) => row.map((value, at) => (at === row.length - 1 ? value : value.padEnd(widths[at] ?? 0))).join('  '))
    .join('\n');
}

function filesOf({ cgroup }: ContainerKernel): string {
  return Object.entries(cgroup.files)
    .map(([name, value]) => `${name}: ${value.trim()}`)
    .join('\n');
}

function userOf({ pid, user }: ContainerKernel): string {
  const { kernel: words } = containerText;
  const maps = user.uidMap.map(({ inside, outside, size }) => words.mapped(inside, outside, size));
  return [`pid ${pid}, uid ${user.uid[0] ?? '?'}, gid ${user.gid[0] ?? '?'}`, ...maps].join('\n');
}

define('strata-container-kernel', ContainerKernelView);
