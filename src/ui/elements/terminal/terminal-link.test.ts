import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeLink, safeTitle } from './terminal-link';

describe('a link that the guest printed', () => {
  it.each(['http://10.0.0.2/', 'https://example.org/a?b#c'])('%s may be opened', (link) =>
    expect(safeLink(link)).toBe(link),
  );

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,x',
    'blob:http://a/b',
    'vbscript:x',
    'ftp://a/',
    '//a/',
    'a',
    '',
  ])('%j may not', (link) => expect(safeLink(link)).toBeUndefined());

  it('is opened only as http or https, whatever was printed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (printed) => {
        const link = safeLink(printed);
        return link === undefined || link.startsWith('http://') || link.startsWith('https://');
      }),
    );
  });
});

describe('a title that the guest set', () => {
  it.each([
    ['root@vm-1: ~', 'root@vm-1: ~'],
    ['a\u0007b\u001b[31mc', 'ab[31mc'],
    ['\u202eevil', 'evil'],
    ['x'.repeat(500), 'x'.repeat(80)],
    ['😀'.repeat(100), '😀'.repeat(80)],
  ])('%j is shown as %j', (printed, shown) => expect(safeTitle(printed)).toBe(shown));
});
