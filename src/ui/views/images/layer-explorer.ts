import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { formatBytes } from '../../../base/bytes';
import { type IconName, icon, iconStyles } from '../../elements/icon/icon';
import { rovingIndex } from '../../elements/roving';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';
import { imageText } from '../../text/images';
import { type ChangeNode, type ChangeRow, changeRows } from './layer-tree';

const changeIcons: Readonly<Record<NonNullable<ChangeNode['change']>, IconName>> = {
  added: 'plus',
  changed: 'edit',
  removed: 'remove',
};

/**
 * What a layer changes, or what all have, as a tree, after the ARIA authoring practices (tree view): up and down move, right opens and
 * goes in, left closes and goes out.
 */
export class LayerExplorer extends StrataElement {
  static override properties = {
    root: { attribute: false },
    label: { attribute: false },
    open: { state: true },
    current: { state: true },
  };
  declare root: ChangeNode | undefined;
  declare label: string;
  declare private open: ReadonlySet<string>;
  declare private current: string | undefined;

  static override styles = [
    baseStyles,
    iconStyles,
    css`
      [role='tree'] {
        max-height: 420px;
        padding: var(--s0);
        overflow: auto;
      }
      [role='treeitem'] {
        display: flex;
        align-items: center;
        gap: 6px;
        min-height: 26px;
        padding-right: var(--s1);
        border-radius: var(--radius);
        font-size: var(--t1);
        cursor: pointer;
      }
      [role='treeitem']:hover {
        background: var(--hover);
      }
      [role='treeitem'][aria-selected='true'] {
        background: var(--selected);
      }
      [role='treeitem']:focus-visible {
        outline-offset: -2px;
      }
      .twist {
        display: inline-grid;
        flex: none;
        place-items: center;
        width: 16px;
        color: var(--muted);
      }
      [aria-expanded='false'] .twist .icon {
        transform: rotate(-90deg);
      }
      .name {
        overflow: hidden;
        font-family: var(--mono);
        font-size: var(--t0);
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .change {
        display: inline-flex;
        flex: none;
        align-items: center;
        gap: 4px;
        color: var(--muted);
        font-size: var(--t0);
      }
      .added {
        color: var(--good);
      }
      .removed {
        color: var(--bad);
      }
      .size {
        flex: none;
        margin-left: auto;
        color: var(--muted);
        font-size: var(--t0);
        font-variant-numeric: tabular-nums;
      }
      p {
        padding: var(--s1);
        color: var(--muted);
        font-size: var(--t1);
      }
    `,
  ];

  constructor() {
    super();
    this.root = undefined;
    this.label = '';
    this.open = new Set();
    this.current = undefined;
  }

  override render() {
    if (!this.root) return nothing;
    const rows = changeRows(this.root, this.open);
    if (rows.length === 0) return html`<p>${imageText.nothing}</p>`;
    const stop = rows.some(({ node }) => node.path === this.current) ? this.current : rows[0]?.node.path;
    return html`<div role="tree" aria-label=${this.label} @keydown=${this.#key}>
      ${repeat(
        rows,
        ({ node }) => node.path,
        (row) => this.#row(row, row.node.path === stop),
      )}
    </div>`;
  }

  #row({ node, level, position, siblings, expanded }: ChangeRow, stop: boolean) {
    const { change, origin } = node;
    // An inline style that is data would need the policy's leave; a property of the element does not.
    return html`<div
      role="treeitem"
      aria-level=${level}
      aria-posinset=${position}
      aria-setsize=${siblings}
      aria-expanded=${node.children.length > 0 ? expanded : nothing}
      aria-selected=${node.path === this.current}
      tabindex=${stop ? 0 : -1}
      data-path=${node.path}
      .style=${`padding-left: ${(level - 1) * 16}px`}
      @click=${() => this.#click(node)}
    >
      <span class="twist">${node.children.length > 0 ? icon('chevron') : nothing}</span>
      <span class="name">${node.name}</span>
      ${change ? html`<span class="change ${change}">${icon(changeIcons[change])}${imageText.changes[change]}</span>` : nothing}
      ${origin === undefined ? nothing : html`<span class="change">${imageText.origin(imageText.layer(origin + 1))}</span>`}
      <span class="size">${node.size > 0 ? formatBytes(node.size) : nothing}</span>
    </div>`;
  }

  #click(node: ChangeNode): void {
    if (node.children.length > 0) this.#setOpen(node.path, !this.open.has(node.path));
    void this.#pick(node.path);
  }

  readonly #key = (event: KeyboardEvent): void => {
    if (!this.root) return;
    const rows = changeRows(this.root, this.open);
    const focused = event.target instanceof HTMLElement ? event.target.dataset['path'] : undefined;
    const at = rows.findIndex(({ node }) => node.path === focused);
    const row = rows[at];
    if (!row) return;
    if (event.key === 'Enter' || event.key === ' ') this.#click(row.node);
    else if (event.key === 'ArrowRight') this.#goIn(row, rows[at + 1]);
    else if (event.key === 'ArrowLeft') this.#goOut(row);
    else {
      const next = rovingIndex(event.key, at, rows.length, 'vertical');
      if (next === undefined) return;
      void this.#pick(rows[next]?.node.path);
    }
    event.preventDefault();
  };

  #goIn({ node, expanded }: ChangeRow, next: ChangeRow | undefined): void {
    if (node.children.length === 0) return;
    if (expanded) void this.#pick(next?.node.path);
    else this.#setOpen(node.path, true);
  }

  #goOut({ node, expanded, parent }: ChangeRow): void {
    if (expanded) this.#setOpen(node.path, false);
    else void this.#pick(parent);
  }

  #setOpen(path: string, open: boolean): void {
    const rest = [...this.open].filter((each) => each !== path);
    this.open = new Set(open ? [...rest, path] : rest);
  }

  async #pick(path: string | undefined): Promise<void> {
    if (path === undefined) return;
    this.current = path;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`)?.focus();
  }
}

define('strata-layer-explorer', LayerExplorer);
