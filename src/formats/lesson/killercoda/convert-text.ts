import type { Nodes } from 'mdast';
import { readMarkdown, safeAddress, walkMarkdown } from '../../markdown/read-markdown';

/** A text of ours, and what of the original it has not. */
export interface ConvertedText {
  readonly text: string;
  readonly dropped: readonly string[];
}

/** ```` ```lang ```` to ```` ```{{exec}} ````: the mark stands behind the closing fence. */
const markedFence = /^( {0,3})(`{3,}|~{3,})([^\n`]*)\n([\s\S]*?)\n {0,3}\2[ \t]*\{\{(\w+)([^}\n]*)\}\}[ \t]*$/gm;

/** `` `code`{{exec}} `` */
const markedCode = /(`+)([^`\n]+)\1\{\{(\w+)([^}\n]*)\}\}/g;

/** `{{TRAFFIC_HOST1_80}}`: an address of the other service. */
const place = /\{\{([A-Z][A-Z0-9_]*)\}\}/g;

/** The same in letters that a link may have, so that one to it is a link that leads nowhere. */
const escapedPlace = /%7B%7B([A-Z][A-Z0-9_]*)%7D%7D/g;

/** `{{execute T2}}`: in the second terminal. */
const shell = /^T([1-9])$/;

const runs = (mark: string): boolean => mark === 'exec' || mark === 'execute';

/** Makes click-to-run code and texts of Killercoda's (https://killercoda.com/creators) ours; `terminal` is where code runs. */
export function convertText(source: string, terminal: string): ConvertedText {
  const dropped: string[] = [];
  /** The terminal in which it runs, if it does. */
  const marked = (mark: string, more: string): string | undefined => {
    const [, number] = shell.exec(more.trim()) ?? [];
    if (more.trim() !== '' && number === undefined) dropped.push(`"${more.trim()}" of {{${mark}${more}}}`);
    if (!runs(mark) && mark !== 'copy') dropped.push(`{{${mark}}}`);
    if (!runs(mark)) return undefined;
    return number === undefined ? terminal : `${terminal}:${number}`;
  };
  const fences = source
    .replaceAll('\r\n', '\n')
    .replace(
      markedFence,
      (_, indent: string, fence: string, info: string, code: string, mark: string, more: string) => {
        const language = info.trim().split(/\s/)[0] ?? '';
        const at = marked(mark, more);
        const opening = at === undefined ? `${fence}${language}` : `${fence}${language || 'sh'} @${at}`;
        return `${indent}${opening}\n${code}\n${indent}${fence}`;
      },
    );
  const codes = fences.replace(markedCode, (whole, ticks: string, code: string, mark: string, more: string) => {
    const at = marked(mark, more);
    return at === undefined ? whole.slice(0, ticks.length * 2 + code.length) : `\n\n${fenced(code.trim(), at)}\n\n`;
  });
  const placed = codes.replace(place, (found, name: string) => {
    dropped.push(`${found}: the address of a port there`);
    return `%7B%7B${name}%7D%7D`;
  });
  const converted = withoutForeign(placed, dropped);
  return {
    text: converted.text.replace(escapedPlace, 'the published port'),
    dropped: converted.dropped.map((each) => each.replace(escapedPlace, '{{$1}}')),
  };
}

/** A block of code for a terminal, in a fence that is longer than any in it. */
export function fenced(code: string, terminal: string): string {
  const longest = Math.max(2, ...(code.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh @${terminal}\n${code}\n${fence}`;
}

/** What is left of a text may be foreign once more; what still is after that is refused when the lesson is read. */
const rounds = 8;

/** Takes away what our texts may not have: raw HTML, pictures, links that lead nowhere. */
function withoutForeign(text: string, dropped: string[]): ConvertedText {
  let converted = text;
  for (let round = 0; round < rounds; round += 1) {
    const before = converted;
    converted = cutForeign(before, dropped);
    if (converted === before) break;
  }
  return { text: converted, dropped };
}

function cutForeign(text: string, dropped: string[]): string {
  const { root } = readMarkdown(text);
  const cuts: { readonly from: number; readonly to: number; readonly by: string }[] = [];
  for (const { node } of walkMarkdown(root)) {
    const html = node.type === 'html' ? withoutTags(node.value) : undefined;
    const by = html?.text ?? replacement(node, text);
    const from = node.position?.start.offset;
    const to = node.position?.end.offset;
    if (by === undefined || from === undefined || to === undefined) continue;
    // What is within something that is cut already goes with it.
    if (cuts.some((cut) => from < cut.to && to > cut.from)) continue;
    for (const each of html?.dropped ?? [text.slice(from, to)]) dropped.push(each.replace(/\s+/g, ' ').slice(0, 80));
    cuts.push({ from, to, by });
  }
  let converted = text;
  for (const { from, to, by } of cuts.toSorted((a, b) => b.from - a.from)) {
    converted = converted.slice(0, from) + by + converted.slice(to);
  }
  return converted;
}

/** Elements whose text is none for people. */
const unread = /^\s*<(script|style|textarea|pre)\b/i;

/** A comment or a tag. */
const tag = /<!--[\s\S]*?(?:-->|$)|<\/?[a-z][^>]*(?:>|$)/gi;

/** What a piece of HTML says: a block of it lasts to the next empty line (CommonMark 0.31, 4.6), with whatever is on its lines. */
function withoutTags(html: string): ConvertedText {
  const text = unread.test(html) ? '' : html.replace(tag, '');
  // What is a tag only now was not meant to be one.
  if (text.trim() === '' || text.search(tag) >= 0) return { text: '', dropped: [html] };
  return { text, dropped: html.match(tag) ?? [html] };
}

function leads(url: string): boolean {
  return safeAddress(url) !== undefined && url.search(escapedPlace) < 0;
}

function replacement(node: Nodes, text: string): string | undefined {
  if (node.type === 'imageReference') return '';
  if (node.type === 'image') return node.alt ?? '';
  if (node.type === 'definition') return leads(node.url) ? undefined : '';
  if (node.type !== 'link' || leads(node.url)) return undefined;
  const first = node.children[0]?.position?.start.offset;
  const last = node.children.at(-1)?.position?.end.offset;
  return first === undefined || last === undefined ? '' : text.slice(first, last);
}
