import { SandboxError } from '../../base/errors';
import { GlobPattern } from '../glob/glob-pattern';

interface IgnoreRule {
  /** `!pattern`: what would be left out stays in. */
  readonly keeps: boolean;
  readonly pattern: GlobPattern;
}

/** Rules and characters of one file. */
const limits = { rules: 2000, text: 256 * 1024 } as const;

/**
 * What of a context a `.dockerignore` leaves out, by moby's rules (`moby/patternmatcher`): the last rule that matches a
 * path or a directory above it decides.
 */
export class IgnoreRules {
  readonly #rules: readonly IgnoreRule[];

  /** Errors: `InvalidArgument` for a pattern that is none, and for too many. */
  constructor(patterns: readonly string[]) {
    if (patterns.length > limits.rules) {
      throw new SandboxError('InvalidArgument', `There are more than ${limits.rules} patterns of files to leave out`);
    }
    this.#rules = patterns.flatMap((pattern) => parseRule(pattern) ?? []);
  }

  /** Whether a rule may keep something of a directory that is left out, so that it has to be looked through. */
  get hasExceptions(): boolean {
    return this.#rules.some(({ keeps }) => keeps);
  }

  /** `path` has no slashes at its ends. */
  ignores(path: string): boolean {
    const parents = [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
    let ignored = false;
    for (const { keeps, pattern } of this.#rules) {
      if (keeps !== ignored) continue;
      if ([path, ...parents].some((each) => pattern.matches(each))) ignored = !keeps;
    }
    return ignored;
  }
}

/** The patterns of a `.dockerignore`: its lines without empty ones and comments. `InvalidArgument` for a huge one. */
export function dockerignorePatterns(text: string): readonly string[] {
  if (text.length > limits.text) {
    throw new SandboxError('InvalidArgument', `The .dockerignore has more than ${limits.text} characters`);
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

/** The rules of a `.dockerignore`. Errors as of {@link IgnoreRules} and {@link dockerignorePatterns}. */
export function parseDockerignore(text: string): IgnoreRules {
  return new IgnoreRules(dockerignorePatterns(text));
}

function parseRule(line: string): IgnoreRule | undefined {
  let pattern = line.trim();
  if (pattern === '') return undefined;
  const keeps = pattern.startsWith('!');
  if (keeps) pattern = pattern.slice(1).trim();
  if (pattern === '') throw new SandboxError('InvalidArgument', 'illegal exclusion pattern: "!"');
  return { keeps, pattern: new GlobPattern(cleanPath(pattern).replace(/^\/+(?=.)/, ''), { deep: true }) };
}

/** Go's `filepath.Clean`. */
function cleanPath(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..' && names.length > 0 && names.at(-1) !== '..') names.pop();
    else if (name !== '..' || !path.startsWith('/')) names.push(name);
  }
  return `${path.startsWith('/') ? '/' : ''}${names.join('/')}` || '.';
}
