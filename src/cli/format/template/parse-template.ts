import { lexAction, splitTemplate, type TemplatePart, type Token } from './lex-template';
import { type Operand, type Pipe, TemplateError, type TemplateNode } from './syntax';

/** Reads a template of Go (pkg.go.dev/text/template): actions, if, with, range, variables, pipelines. */
export function parseTemplate(template: string, functions: ReadonlySet<string>): readonly TemplateNode[] {
  const parts = [...splitTemplate(template)];
  const nodes = parseList(parts, []);
  for (const node of nodes) checkNode(node, functions);
  if (parts.length > 0) throw new TemplateError('template: :1: unexpected {{end}}');
  return nodes;
}

/** Takes parts until one of the words that end a list, which stays. */
function parseList(parts: TemplatePart[], ends: readonly string[]): TemplateNode[] {
  const nodes: TemplateNode[] = [];
  for (;;) {
    const part = parts[0];
    if (!part) {
      if (ends.length > 0) throw new TemplateError('template: :1: unexpected EOF');
      return nodes;
    }
    if (part.kind === 'text') {
      nodes.push(part);
      parts.shift();
      continue;
    }
    const [head = ''] = part.source.split(/\s/, 1);
    if (head === 'end' || head === 'else') {
      if (!ends.includes(head)) throw new TemplateError(`template: :1: unexpected {{${head}}}`);
      return nodes;
    }
    parts.shift();
    nodes.push(parseAction(parts, head, part));
  }
}

function parseAction(
  parts: TemplatePart[],
  head: string,
  { source, at }: TemplatePart & { kind: 'action' },
): TemplateNode {
  if (head === 'define' || head === 'block' || head === 'template') {
    throw new TemplateError(`template: :1: {{${head}}} is not supported here: a template has no others in it`);
  }
  if (head === 'break' || head === 'continue') return { kind: head };
  if (head !== 'if' && head !== 'with' && head !== 'range') return { kind: 'action', pipe: parsePipe(source, at) };
  const pipe = parsePipe(source.slice(head.length).trim(), at + head.length + 1);
  const body = parseList(parts, ['end', 'else']);
  return { kind: head, pipe, body, otherwise: parseOtherwise(parts, head) };
}

function parseOtherwise(parts: TemplatePart[], head: string): readonly TemplateNode[] {
  const part = parts.shift();
  if (part?.kind !== 'action' || part.source === 'end') return [];
  const chained = part.source.slice('else'.length).trim();
  if (chained === '') {
    const nodes = parseList(parts, ['end']);
    parts.shift();
    return nodes;
  }
  // "else if" is an if of its own within the else, and shares its end.
  if (!chained.startsWith('if ') && !chained.startsWith('with ')) {
    throw new TemplateError(`template: :1: unexpected ${JSON.stringify(chained)} in ${head}`);
  }
  const [word = ''] = chained.split(' ', 1);
  return [parseAction(parts, word, { kind: 'action', source: chained, at: part.at + 'else '.length })];
}

function parsePipe(source: string, at: number): Pipe {
  const tokens = [...lexAction(source)];
  if (tokens.length === 0) throw new TemplateError('template: :1: missing value for command');
  const sign = tokens.findIndex(({ kind, text }) => kind === 'sign' && (text === ':=' || text === '='));
  const before = sign < 0 ? [] : tokens.splice(0, sign + 1);
  const sets = before.flatMap(({ kind, text }) => (kind === 'variable' ? [text] : []));
  const commands = parseCommands(tokens, source, at);
  if (tokens.length > 0)
    throw new TemplateError(`template: :1: unexpected ${JSON.stringify(tokens[0]?.text)} in command`);
  return { sets, assigns: before.at(-1)?.text === '=', commands, source, at };
}

function parseCommands(tokens: Token[], source: string, at: number): readonly (readonly Operand[])[] {
  const commands: Operand[][] = [[]];
  for (let token = tokens[0]; token; token = tokens[0]) {
    if (token.kind === 'sign' && token.text === ')') break;
    tokens.shift();
    if (token.kind === 'sign' && token.text === '|') commands.push([]);
    else commands.at(-1)?.push(parseOperand(token, tokens, source, at));
  }
  if (commands.some((each) => each.length === 0)) throw new TemplateError('template: :1: missing value for command');
  return commands;
}

function parseOperand(token: Token, tokens: Token[], source: string, at: number): Operand {
  const { kind, text } = token;
  if (kind === 'field') {
    const { fields, last } = takeFields(tokens, token);
    return { kind: 'dot', fields: [text.slice(1), ...fields], at: at + last };
  }
  if (kind === 'variable') {
    const { fields, last } = takeFields(tokens, token);
    return { kind: 'variable', name: text, fields, at: at + last };
  }
  if (kind === 'number') return { kind: 'value', value: Number(text) };
  if (kind === 'text') return { kind: 'value', value: unquote(text) };
  if (kind === 'character') return { kind: 'value', value: text.codePointAt(1) ?? 0 };
  if (kind === 'name') {
    const words: Readonly<Record<string, boolean | null>> = { true: true, false: false, nil: null };
    const value = words[text];
    return value === undefined ? { kind: 'function', name: text } : { kind: 'value', value };
  }
  if (text === '.') return { kind: 'dot', fields: [], at: at + token.at };
  if (text !== '(') throw new TemplateError(`template: :1: unexpected ${JSON.stringify(text)} in operand`);
  const commands = parseCommands(tokens, source, at);
  if (tokens.shift()?.text !== ')') throw new TemplateError('template: :1: unclosed left paren');
  const { fields, last } = takeFields(tokens, token);
  return { kind: 'pipe', pipe: { sets: [], assigns: false, commands, source, at }, fields, at: at + last };
}

/** Fields that follow a token at once, and where the last of all stands. */
function takeFields(tokens: Token[], first: Token): { readonly fields: readonly string[]; readonly last: number } {
  const fields: string[] = [];
  let last = first.at;
  for (let next = tokens[0]; next?.kind === 'field' && !next.apart; next = tokens[0]) {
    fields.push(next.text.slice(1));
    last = next.at;
    tokens.shift();
  }
  return { fields, last };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function unquote(text: string): string {
  const inner = text.slice(1, -1);
  return text.startsWith('`') ? inner : inner.replace(/\\(.)/g, (_, each: string) => escapes[each] ?? each);
}

/** A function that there is not is a mistake before anything is carried out. */
function checkNode(node: TemplateNode, functions: ReadonlySet<string>): void {
  if (!('pipe' in node)) return;
  checkPipe(node.pipe, functions);
  if (node.kind === 'action') return;
  for (const inner of [...node.body, ...node.otherwise]) checkNode(inner, functions);
}

function checkPipe({ commands }: Pipe, functions: ReadonlySet<string>): void {
  for (const operand of commands.flat()) {
    if (operand.kind === 'pipe') checkPipe(operand.pipe, functions);
    if (operand.kind === 'function' && !functions.has(operand.name)) {
      throw new TemplateError(`template: :1: function ${JSON.stringify(operand.name)} not defined`);
    }
  }
}
