/** One way to authenticate that a server offers. */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** By lower-case name; the first of a name counts. */
  readonly params: ReadonlyMap<string, string>;
}

/** Characters of a header that are read; a real one has 200. */
const lengthLimit = 8192;

const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
/** token68, of which nothing that we answer needs any. */
const token68 = /[A-Za-z0-9\-._~+/]+=*(?=[\t ]*(?:,|$))/y;
const quoted = /"((?:[^"\\]|\\.)*)"/y;
const space = /[\t ]+/y;
const separators = /[\t ,]+/y;
const equals = /[\t ]*=[\t ]*/y;

/**
 * The challenges of a `WWW-Authenticate` header (RFC 9110, section 11.6.1), several of which may stand in one. What
 * cannot be read ends the list.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, lengthLimit);
  const challenges: { scheme: string; params: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    take(separators);
    const name = take(token)?.[0].toLowerCase();
    if (name === undefined) return challenges;
    const current = challenges.at(-1);
    if (current && take(equals)) {
      const value = take(quoted)?.[1]?.replace(/\\(.)/g, '$1') ?? take(token)?.[0];
      if (value === undefined) return challenges;
      if (!current.params.has(name)) current.params.set(name, value);
    } else {
      challenges.push({ scheme: name, params: new Map() });
      if (take(space)) take(token68);
    }
  }
}
