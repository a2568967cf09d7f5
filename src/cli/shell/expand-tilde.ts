import type { ShellWord } from '../../formats/shellwords/shell-syntax';
import type { Lookup } from './expand-parameter';

/**
 * `~` at the beginning of a word, or behind `NAME=`, before a slash or the end, is HOME, unless it is quoted (POSIX.1-2017, Shell
 * Command Language, 2.6.1; behind `NAME=` of any word, as bash does it). There are no other users.
 */
export function expandTilde(word: ShellWord, lookup: Lookup): ShellWord {
  const [first, ...others] = word;
  const home = lookup('HOME');
  if (first?.kind !== 'bare' || home === undefined) return word;
  const [all, lead = ''] = /^((?:[A-Za-z_]\w*=)?)~(?=\/|$)/.exec(first.text) ?? [];
  if (all === undefined || (all === first.text && others.length > 0)) return word;
  const rest = first.text.slice(all.length);
  return [
    ...(lead === '' ? [] : [{ kind: 'bare', text: lead } as const]),
    { kind: 'literal', text: home },
    ...(rest === '' ? [] : [{ kind: 'bare', text: rest } as const]),
    ...others,
  ];
}
