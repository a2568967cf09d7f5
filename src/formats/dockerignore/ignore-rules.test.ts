import { describe, expect, it } from 'vitest';
import { dockerignorePatterns, IgnoreRules, parseDockerignore } from './ignore-rules';

/** By moby's rules: what a single pattern leaves out. */
const table: readonly (readonly [pattern: string, path: string, ignored: boolean])[] = [
  ['**', 'a/b', true],
  ['**/', 'file', true],
  ['dir/**', 'dir/x/y', true],
  ['dir/**', 'dir', false],
  ['**/dir', 'dir', true],
  ['**/dir', 'a/dir/file', true],
  ['**/dir', 'adir', false],
  ['**/dir2/*', 'dir/dir2/file', true],
  ['**/dir2/*', 'dir/dir3/file', false],
  ['**file', 'dir/a-file', true],
  ['**/file*.txt', 'dir/dir/file1.txt', true],
  ['**/**/*.txt', 'file.txt', true],
  ['**/**/*.txt2', 'dir/file.txt', false],
  ['a**/*.txt', 'a/dir/dir/file.txt', true],
  ['a**/*.txt', 'b/file.txt', false],
  ['a/*.txt', 'a/dir/file.txt', false],
  ['a/*.txt', 'a/file.txt', true],
  ['a/*.txt**', 'a/file.txt.old', true],
  ['a[b-d]e', 'ace', true],
  ['a[b-d]e', 'aae', false],
  ['a[^b-d]e', 'aze', true],
  ['a[^b-d]e', 'a/e', false],
  ['.*', '.git', true],
  ['.*', 'git', false],
  ['abc.def', 'abcZdef', false],
  ['abc?def', 'abcZdef', true],
  ['abc?def', 'abc/def', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['a.|)$(}+{bc', 'a.|)$(}+{bc', true],
  ['/build', 'build/x', true],
  ['./build/', 'build', true],
  ['a/../b', 'b', true],
  ['  spaced  ', 'spaced', true],
  ['node_modules', 'sub/node_modules', false],
];

describe('IgnoreRules', () => {
  it.each(table)('%s and %s: %s', (pattern, path, ignored) => {
    expect(new IgnoreRules([pattern]).ignores(path)).toBe(ignored);
  });

  it('lets the last rule that matches decide', () => {
    const text = '# a comment\n*\n!src\n!*.md\nsrc/secret\nREADME.md\n\n! kept\n';
    const rules = parseDockerignore(text);
    const left = ['a', 'src', 'src/a', 'src/secret', 'src/secret/a', 'NOTES.md', 'README.md', 'docs/a.md', 'kept'];
    expect(left.filter((path) => !rules.ignores(path))).toEqual(['src', 'src/a', 'NOTES.md', 'kept']);
    expect(rules.hasExceptions).toBe(true);
  });

  it('refuses what is no pattern', () => {
    for (const pattern of ['!', '[', '[a', 'a\\', '[]', '[a-]']) {
      expect(() => new IgnoreRules([pattern])).toThrow(/syntax error in pattern|illegal exclusion pattern: "!"/);
    }
    expect(() => new IgnoreRules(Array.from({ length: 2001 }, () => 'a'))).toThrow(/more than 2000 patterns/);
    expect(() => dockerignorePatterns('a'.repeat(300_000))).toThrow(/more than 262144 characters/);
  });
});
