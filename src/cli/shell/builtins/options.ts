/** Words that a command does not take; how it is used is told with it. */
export class UsageError extends Error {}

/** Flags of one letter, and the rest; `valued` ones take the word that follows. `UsageError` for one that is not known. */
export function readOptions(
  words: readonly string[],
  known: string,
  valued = '',
): { readonly flags: ReadonlyMap<string, string>; readonly args: readonly string[] } {
  const flags = new Map<string, string>();
  const args: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') {
      args.push(...words.slice(at + 1));
      break;
    }
    if (!/^-[A-Za-z\d]/.test(word)) {
      args.push(word);
      continue;
    }
    // `head -5` is `head -n 5`.
    if (/^-\d+$/.test(word) && valued.includes('n')) {
      flags.set('n', word.slice(1));
      continue;
    }
    for (let letter = 1; letter < word.length; letter += 1) {
      const flag = word[letter] ?? '';
      if (valued.includes(flag)) {
        const inline = word.slice(letter + 1);
        if (inline === '') at += 1;
        const value = inline === '' ? words[at] : inline;
        if (value === undefined) throw new UsageError(`option requires an argument -- '${flag}'`);
        flags.set(flag, value);
        break;
      }
      if (!known.includes(flag)) throw new UsageError(`invalid option -- '${flag}'`);
      flags.set(flag, '');
    }
  }
  return { flags, args };
}
