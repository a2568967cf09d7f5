import { describe, expect, it } from 'vitest';
import { readMarkdown, safeAddress } from './read-markdown';

describe('Markdown', () => {
  it('is a tree, with tables', () => {
    const { root, problems } = readMarkdown('# A\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[x](https://example.com)');
    expect(problems).toEqual([]);
    expect(root.children.map(({ type }) => type)).toEqual(['heading', 'table', 'paragraph']);
  });

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'blob:https://example.com/1',
    'file:///etc/passwd',
    '//example.com',
    '/page',
  ])('does not follow %j', (address) => {
    expect(safeAddress(address)).toBeUndefined();
  });

  it.each([
    ['quotes in quotes', `${'>'.repeat(5000)} a`],
    ['lists in lists', Array.from({ length: 200 }, (_, depth) => `${'  '.repeat(depth)}- a`).join('\n')],
  ])('of %s is refused', (_, source) => {
    expect(readMarkdown(source).problems.map(({ message }) => message)).toContain('It is nested too deeply');
  });

  it.each([
    ['brackets', '['.repeat(20_000)],
    ['emphasis', '*a '.repeat(10_000)],
    ['code that does not end', '`'.repeat(3000)],
    ['a table without end', `|${'a|'.repeat(5000)}\n|${'-|'.repeat(5000)}\n`],
  ])('of many %s is read to its end', (_, source) => {
    expect(readMarkdown(source).root.type).toBe('root');
  });

  it('that is longer than any lesson is refused unread', () => {
    expect(readMarkdown('a'.repeat(70_000)).problems).toMatchObject([
      { message: 'It is longer than 65536 characters' },
    ]);
  });
});
