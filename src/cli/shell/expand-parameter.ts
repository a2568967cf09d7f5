import { SandboxError } from '../../base/errors';

/** Value of a variable; `?` is the last exit code. */
export type Lookup = (name: string) => string | undefined;

/** `$NAME`, `${…}`, and one that is not closed where its text ends. */
export const parameter = /\$(?:\{([^{}]*)\}|([A-Za-z_]\w*|\?)|(\{))/g;

/**
 * What stands between the braces of `${…}` (POSIX.1-2017, Shell Command Language, 2.6.2): a name, `#NAME`, or a name with `-`, `+`
 * or `?`, a colon before it where nothing counts as unset, and a word. `InvalidArgument` for all else.
 */
export function expandParameter(inside: string, lookup: Lookup): string {
  const [, hash, name = '', rest = ''] = /^(#?)([A-Za-z_]\w*|\?)(.*)$/s.exec(inside) ?? [];
  const value = lookup(name);
  if (name === '') throw badSubstitution(`\${${inside}}`);
  if (rest === '') return hash ? String([...(value ?? '')].length) : (value ?? '');
  const [, colon, operator, word = ''] = /^(:?)([-+?])(.*)$/s.exec(rest) ?? [];
  if (hash || operator === undefined) throw badSubstitution(`\${${inside}}`);
  const isSet = value !== undefined && !(colon && value === '');
  const other = (): string => expandParameters(word, lookup);
  if (operator === '+') return isSet ? other() : '';
  if (isSet) return value;
  if (operator === '-') return other();
  throw new SandboxError('InvalidArgument', `${name}: ${other() || 'it is not set'}`);
}

function expandParameters(text: string, lookup: Lookup): string {
  return text.replace(parameter, (_, inside: string | undefined, name: string | undefined) =>
    expandParameter(inside ?? name ?? '', lookup),
  );
}

/** Words behind a name are read with the rest of the text that they are in: quotes and spaces end that, outside quotes. */
export function badSubstitution(text: string): SandboxError {
  return new SandboxError('InvalidArgument', `${text}: bad substitution`);
}
