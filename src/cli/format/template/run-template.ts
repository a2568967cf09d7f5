import { parseTemplate } from './parse-template';
import { type Block, type Operand, type Pipe, TemplateError, type TemplateNode } from './syntax';
import { checkCount, type TemplateFunctions, templateFunctions } from './template-functions';
import { isTrue, printValue } from './values';

/** Values of variables, innermost first. */
interface Scope {
  readonly names: Map<string, unknown>;
  readonly outer?: Scope;
}

type Flow = 'on' | 'break' | 'continue';

/** How often bodies of ranges are carried out at most: a template is a user's, and the page's thread is not its own. */
const roundLimit = 1_000_000;

/** A template, read once. A field that is a function is a method: it takes the words after it. */
export type Template = (data: unknown) => string;

/**
 * Reads a template of Go's (pkg.go.dev/text/template). `TemplateError` for one that cannot be read or calls a function that
 * there is not, and from the result for one that cannot be carried out. `own` functions go before the usual ones.
 */
export function compileTemplate(source: string, own: TemplateFunctions = {}): Template {
  const functions = { ...templateFunctions, ...own };
  const nodes = parseTemplate(source, new Set(Object.keys(functions)));
  return (data) => new Run(data, functions).output(nodes);
}

class Run {
  readonly #data: unknown;
  readonly #functions: TemplateFunctions;
  #text = '';
  #rounds = 0;

  constructor(data: unknown, functions: TemplateFunctions) {
    this.#data = data;
    this.#functions = functions;
  }

  output(nodes: readonly TemplateNode[]): string {
    this.#list(nodes, this.#data, { names: new Map([['$', this.#data]]) });
    return this.#text;
  }

  #list(nodes: readonly TemplateNode[], dot: unknown, scope: Scope): Flow {
    for (const node of nodes) {
      const flow = this.#node(node, dot, scope);
      if (flow !== 'on') return flow;
    }
    return 'on';
  }

  #node(node: TemplateNode, dot: unknown, scope: Scope): Flow {
    if (node.kind === 'text') this.#text += node.text;
    else if (node.kind === 'action') this.#action(node.pipe, dot, scope);
    else if (node.kind === 'break' || node.kind === 'continue') return node.kind;
    else if (node.kind === 'range') return this.#range(node, dot, scope);
    else return this.#choice(node, dot, scope);
    return 'on';
  }

  #choice({ kind, pipe, body, otherwise }: Block, dot: unknown, scope: Scope): Flow {
    const inner: Scope = { names: new Map(), outer: scope };
    const value = this.#pipe(pipe, dot, inner);
    if (!isTrue(value)) return this.#list(otherwise, dot, inner);
    return this.#list(body, kind === 'with' ? value : dot, inner);
  }

  #action(pipe: Pipe, dot: unknown, scope: Scope): void {
    const value = this.#pipe(pipe, dot, scope);
    if (pipe.sets.length === 0) this.#text += printValue(value);
  }

  #range(node: Block, dot: unknown, scope: Scope): Flow {
    const { sets, ...pipe } = node.pipe;
    const entries = entriesOf(this.#pipe({ ...pipe, sets: [] }, dot, scope));
    if (entries.length === 0) return this.#list(node.otherwise, dot, scope);
    for (const [key, value] of entries) {
      this.#rounds += 1;
      if (this.#rounds > roundLimit) throw new TemplateError('template: range goes on for too long');
      const [first, second] = sets;
      const names = new Map<string, unknown>();
      if (second !== undefined && first !== undefined) names.set(first, key).set(second, value);
      else if (first !== undefined) names.set(first, value);
      if (this.#list(node.body, value, { names, outer: scope }) === 'break') break;
    }
    return 'on';
  }

  #pipe(pipe: Pipe, dot: unknown, scope: Scope): unknown {
    let value: unknown;
    pipe.commands.forEach((command, at) => {
      const before = at === 0 ? [] : [value];
      value = this.#command(command, before, dot, scope, pipe);
    });
    const [name] = pipe.sets;
    if (name !== undefined) (pipe.assigns ? holder(scope, name) : scope).names.set(name, value);
    return value;
  }

  #command(operands: readonly Operand[], before: readonly unknown[], dot: unknown, scope: Scope, pipe: Pipe): unknown {
    const [head, ...others] = operands;
    if (!head) return undefined;
    const args = (): unknown[] => [...others.map((each) => this.#operand(each, dot, scope, pipe)), ...before];
    if (head.kind === 'function') {
      const words = args();
      checkCount(head.name, words.length);
      return this.#functions[head.name]?.(...words);
    }
    const value = this.#operand(head, dot, scope, pipe, true);
    if (typeof value === 'function') return value(...args());
    if (others.length > 0 || before.length > 0) {
      throw new TemplateError(`template: :1:${pipe.at}: can't give argument to non-function ${pipe.source}`);
    }
    return value;
  }

  #operand(operand: Operand, dot: unknown, scope: Scope, pipe: Pipe, callee = false): unknown {
    if (operand.kind === 'value') return operand.value;
    if (operand.kind === 'function') return this.#command([operand], [], dot, scope, pipe);
    const base =
      operand.kind === 'dot'
        ? dot
        : operand.kind === 'variable'
          ? holder(scope, operand.name).names.get(operand.name)
          : this.#pipe(operand.pipe, dot, scope);
    const value = operand.fields.reduce((from, field) => fieldOf(from, field, operand), base);
    return typeof value === 'function' && !callee ? value() : value;
  }
}

/** Of what Go has a type for, and no map: the name of that. */
export const goType = Symbol('type');

function fieldOf(
  from: unknown,
  field: string,
  { fields, at }: { readonly fields: readonly string[]; readonly at: number },
): unknown {
  const where = `template: :1:${at}: executing "" at <.${fields.join('.')}>`;
  if (typeof from !== 'object' || from === null) {
    const what = from === undefined || from === null ? 'nil data' : `type ${typeof from}`;
    throw new TemplateError(`${where}: can't evaluate field ${field} in ${what}`);
  }
  if (!Object.hasOwn(from, field)) {
    const type: unknown = Reflect.get(from, goType);
    const what =
      type === undefined ? `map has no entry for key "${field}"` : `can't evaluate field ${field} in type ${type}`;
    throw new TemplateError(`${where}: ${what}`);
  }
  return Reflect.get(from, field);
}

/** The scope that has a variable. */
function holder(scope: Scope, name: string): Scope {
  for (let at: Scope | undefined = scope; at; at = at.outer) if (at.names.has(name)) return at;
  throw new TemplateError(`template: :1: undefined variable ${JSON.stringify(name)}`);
}

function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(value)) return value.map((each, at) => [at, each] as const);
  if (typeof value === 'object' && value !== null) return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  if (value === undefined || value === null) return [];
  throw new TemplateError(`template: :1: range can't iterate over ${printValue(value)}`);
}
