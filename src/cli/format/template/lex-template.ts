import { TemplateError } from './syntax';

/** A text, or what stands between two pairs of braces. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly source: string; readonly at: number };

/** One word of an action. */
export interface Token {
  readonly kind: 'field' | 'variable' | 'name' | 'text' | 'number' | 'character' | 'sign';
  readonly text: string;
  /** Whether a space stands before it: `.a .b` are two, `.a.b` is one. */
  readonly apart: boolean;
  /** Where it stands in the action. */
  readonly at: number;
}

/** Cuts a template at its actions; `{{-` and `-}}` take the space beside them away, comments go. */
export function splitTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let at = 0;
  let trims = false;
  while (at < template.length) {
    const open = template.indexOf('{{', at);
    let text = template.slice(at, open < 0 ? undefined : open);
    if (trims) text = text.replace(/^\s+/, '');
    const trimsBefore = open >= 0 && /^\{\{-\s/.test(template.slice(open, open + 4));
    if (trimsBefore) text = text.replace(/\s+$/, '');
    if (text !== '') parts.push({ kind: 'text', text });
    if (open < 0) break;
    const from = open + (trimsBefore ? 3 : 2);
    const close = endOfAction(template, from);
    trims = /\s-$/.test(template.slice(from, close));
    const source = template.slice(from, trims ? close - 1 : close).trim();
    if (!source.startsWith('/*')) parts.push({ kind: 'action', source, at: from });
    at = close + 2;
  }
  return parts;
}

function endOfAction(template: string, from: number): number {
  let quote = '';
  for (let at = from; at < template.length; at += 1) {
    const character = template[at] ?? '';
    if (quote !== '') {
      if (character === '\\' && quote !== '`') at += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === '`' || character === "'") quote = character;
    else if (template.startsWith('}}', at)) return at;
  }
  throw new TemplateError('template: :1: unclosed action');
}

const word =
  /(\s*)(?:(\.[A-Za-z_]\w*)|(\$\w*)|([A-Za-z_]\w*)|("(?:\\.|[^"\\])*"|`[^`]*`)|('(?:\\.|[^'\\])+')|([+-]?\d+(?:\.\d+)?)|(:=|[.|(),=]))/y;

export function lexAction(source: string): readonly Token[] {
  const tokens: Token[] = [];
  word.lastIndex = 0;
  let at = 0;
  for (let found = word.exec(source); found; found = word.exec(source)) {
    at = word.lastIndex;
    const kinds = ['field', 'variable', 'name', 'text', 'character', 'number', 'sign'] as const;
    const index = kinds.findIndex((_, each) => found?.[each + 2] !== undefined);
    tokens.push({
      kind: kinds[index] ?? 'sign',
      text: found[index + 2] ?? '',
      apart: found[1] !== '',
      at: found.index + (found[1] ?? '').length,
    });
  }
  const left = source.slice(at).trim();
  if (left !== '') throw new TemplateError(`template: :1: unexpected ${JSON.stringify(left[0])} in operand`);
  return tokens;
}
