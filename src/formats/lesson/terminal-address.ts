import type { Code } from 'mdast';
import type { TerminalAddress } from './lesson';

const form = /^@([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?::([1-9]))?$/;

/** Reads `box`, or `box:2` for the second shell. Undefined when it is none. */
export function parseAddress(written: string): TerminalAddress | undefined {
  const [, instance, shell = '1'] = form.exec(`@${written}`) ?? [];
  return instance === undefined ? undefined : { instance, shell: Number(shell) };
}

/** Where a block of code is run when it is clicked: "```sh @box". `'wrong'`: an address is meant and is none. */
export function addressOf({ meta }: Code): TerminalAddress | 'wrong' | undefined {
  const word = meta?.trim();
  if (word === undefined || !word.startsWith('@')) return undefined;
  return parseAddress(word.slice(1)) ?? 'wrong';
}
