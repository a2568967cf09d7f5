import { lexShellLine, type ShellToken } from './lex-shell-line';
import type { Pipeline, Redirect, ShellLine, ShellWord, SimpleCommand, WordPart } from './shell-syntax';

/** Reads a line of a shell: words, quotes, comments, `|`, `;`, `&&`, `||`, redirection and here-documents. There is no more grammar than that. */
export function parseShellLine(line: string): ShellLine {
  const { tokens, open } = lexShellLine(line);
  if (open !== undefined) return { kind: 'incomplete' };
  const sum = tokens.flatMap((token) => (token.kind === 'operator' ? [] : token.word)).find(isArithmetic);
  if (sum) return { kind: 'error', message: `arithmetic is not supported: ${sum.text}` };
  const pipelines: Pipeline[] = [];
  let when: Pipeline['when'] = 'always';
  let commands: SimpleCommand[] = [];
  let words: ShellWord[] = [];
  let redirects: Redirect[] = [];
  const hasCommand = (): boolean => words.length > 0 || redirects.length > 0;
  const endCommand = (): void => {
    commands.push({ words, redirects });
    words = [];
    redirects = [];
  };
  const endPipeline = (next: Pipeline['when']): void => {
    endCommand();
    pipelines.push({ when, commands });
    commands = [];
    when = next;
  };
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (!token || token.kind === 'document') continue;
    if (token.kind === 'word') {
      words.push(token.word);
      continue;
    }
    const operator = token.text;
    if (operator === '|' || operator === '&&' || operator === '||') {
      if (!hasCommand()) return unexpected(operator);
      if (operator === '|') endCommand();
      else endPipeline(operator === '&&' ? 'success' : 'failure');
      // What follows may stand on the next line.
      while (isNewline(tokens[at + 1])) at += 1;
      if (at + 1 >= tokens.length) return { kind: 'incomplete' };
    } else if (operator === ';' || operator === '\n') {
      if (hasCommand()) endPipeline('always');
      else if (operator === ';' || commands.length > 0) return unexpected(operator);
    } else if (operator === '&') {
      return { kind: 'error', message: 'commands in the background are not supported; open another shell' };
    } else if (operator === '(' || operator === ')') {
      return { kind: 'error', message: `syntax error near unexpected token \`${operator}'` };
    } else if (operator === '2>&1') {
      redirects.push({ kind: 'merge' });
    } else {
      at += 1;
      const target = tokens[at];
      if (!target || target.kind === 'operator') return unexpected(target?.text ?? 'newline');
      redirects.push(
        target.kind === 'document' ? { kind: 'document', text: target.word } : redirectOf(operator, target.word),
      );
    }
  }
  if (hasCommand()) endPipeline('always');
  else if (commands.length > 0) return { kind: 'incomplete' };
  return { kind: 'pipelines', pipelines };
}

/** `$((1 + 2))`, which would be a command in parentheses elsewhere: there are none of these either. */
function isArithmetic({ kind, text }: WordPart): boolean {
  return kind === 'command' && text.startsWith('$((');
}

function redirectOf(operator: string, target: ShellWord): Redirect {
  if (operator === '<') return { kind: 'input', target };
  const of = operator.startsWith('2') ? 'stderr' : operator.startsWith('&') ? 'both' : 'stdout';
  return { kind: 'output', target, append: operator.endsWith('>>'), of };
}

function isNewline(token: ShellToken | undefined): boolean {
  return token?.kind === 'operator' && token.text === '\n';
}

function unexpected(text: string): ShellLine {
  return { kind: 'error', message: `syntax error near unexpected token \`${text === '\n' ? 'newline' : text}'` };
}
