import { html, nothing, type TemplateResult } from 'lit';
import type { Code, List, Nodes, Parents, Root, Table } from 'mdast';
import { safeAddress, walkMarkdown } from '../../formats/markdown/read-markdown';
import { lessonText } from '../text/lessons';

export interface RenderMarkdownOptions {
  /** What is shown of a block of code; the text as it is without. */
  readonly code?: (code: Code) => TemplateResult;
  /** The level of the text's headings: 3 to 5; what is below the third in the text is one lower. */
  readonly level: number;
}

interface ShowOptions extends RenderMarkdownOptions {
  /** Where references lead, by their normalized labels. */
  readonly definitions: ReadonlyMap<string, string>;
}

type Shown = TemplateResult | string | typeof nothing;

/**
 * A text as templates: no HTML is ever made of it, so nothing in it is more than text. What a template does not know (raw HTML,
 * pictures) is shown as what was written.
 */
export function renderMarkdown(root: Root, options: RenderMarkdownOptions): TemplateResult {
  return html`${children(root, { ...options, definitions: definitionsIn(root) })}`;
}

function children(parent: Parents, options: ShowOptions): readonly Shown[] {
  return parent.children.map((node) => show(node, options));
}

function show(node: Nodes, options: ShowOptions): Shown {
  switch (node.type) {
    case 'text':
      return node.value;
    case 'paragraph':
      return html`<p>${children(node, options)}</p>`;
    case 'heading':
      return heading(options.level + (node.depth > 3 ? 1 : 0), children(node, options));
    case 'emphasis':
      return html`<em>${children(node, options)}</em>`;
    case 'strong':
      return html`<strong>${children(node, options)}</strong>`;
    case 'inlineCode':
      return html`<code>${node.value}</code>`;
    case 'code':
      return (
        options.code?.(node) ??
        html`<pre tabindex="0" role="group" aria-label=${lessonText.code}><code>${node.value}</code></pre>`
      );
    case 'blockquote':
      return html`<blockquote>${children(node, options)}</blockquote>`;
    case 'list':
      return list(node, options);
    case 'table':
      return table(node, options);
    case 'thematicBreak':
      return html`<hr />`;
    case 'break':
      return html`<br />`;
    case 'link':
      return link(node.url, children(node, options));
    case 'linkReference':
      return link(options.definitions.get(node.identifier) ?? '', children(node, options));
    case 'html':
      return node.value;
    default:
      return nothing;
  }
}

/** Of two with one label the first counts (CommonMark 0.31, 4.7). */
function definitionsIn(root: Root): ReadonlyMap<string, string> {
  const all = [...walkMarkdown(root)].flatMap(({ node }) => (node.type === 'definition' ? [node] : []));
  return new Map(all.reverse().map(({ identifier, url }) => [identifier, url]));
}

/** What cannot be followed is its text. */
function link(url: string, inside: readonly Shown[]): TemplateResult {
  const address = safeAddress(url);
  if (address === undefined) return html`${inside}`;
  const outside = !address.startsWith('#');
  return html`<a href=${address} target=${outside ? '_blank' : nothing} rel=${outside ? 'noopener noreferrer' : nothing}>${inside}</a>`;
}

function heading(level: number, inside: readonly Shown[]): TemplateResult {
  if (level <= 3) return html`<h3>${inside}</h3>`;
  if (level === 4) return html`<h4>${inside}</h4>`;
  return html`<h5>${inside}</h5>`;
}

function list(node: List, options: ShowOptions): TemplateResult {
  const items = node.children.map(
    (item) =>
      html`<li>${item.children.map((each) => (each.type === 'paragraph' && !node.spread ? html`${children(each, options)}` : show(each, options)))}</li>`,
  );
  return node.ordered ? html`<ol start=${node.start ?? 1}>${items}</ol>` : html`<ul>${items}</ul>`;
}

function table(node: Table, options: ShowOptions): TemplateResult {
  const [head, ...rows] = node.children;
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${lessonText.table}>
    <table>
      <thead><tr>${head?.children.map((cell) => (cell.children.length === 0 ? html`<td></td>` : html`<th scope="col">${children(cell, options)}</th>`))}</tr></thead>
      <tbody>${rows.map((row) => html`<tr>${row.children.map((cell) => html`<td>${children(cell, options)}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}
