import { describe, expect, it } from 'vitest';
import { pathFrom, readWhere } from './preview-address';
import { isPreview, originOf, readPreviewConfig } from './preview-origin';

const app = 'https://strata.example.org';
const pattern = 'https://{name}.preview.example.org:8443';

describe('the origin of previews', () => {
  it('is what the configuration says, and none where it says nothing', () => {
    expect(readPreviewConfig({ origin: pattern }, app)).toBe(pattern);
    expect(readPreviewConfig({}, app)).toBeUndefined();
    expect(readPreviewConfig(null, app)).toBeUndefined();
  });

  it.each([
    'https://preview.example.org',
    'https://preview.example.org/{name}',
    'https://{name}.example.org/path',
    'javascript://{name}.example.org',
    'https://{name}',
    'https://x{name}.example.org',
    7,
  ])('is refused where ports would share it, or it is none: %s', (origin) => {
    expect(() => readPreviewConfig({ origin }, app)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });

  it('is each port’s own', () => {
    expect(originOf(pattern, 'abc', 80)).toBe('https://abc-80.preview.example.org:8443');
  });

  it.each([
    ['https://abc-80.preview.example.org:8443/a?b#c', true],
    ['https://abc-80.preview.example.org/', false],
    ['http://abc-80.preview.example.org:8443/', false],
    ['https://preview.example.org:8443/', false],
    ['https://a.b.preview.example.org:8443/', false],
    ['https://evil.example/abc.preview.example.org:8443', false],
    ['https://evil.example:8443/?.preview.example.org:8443', false],
    ['https://a@evil.preview.example.org:8443/', true],
    ['javascript:alert(1)', false],
    ['', false],
  ])('is told from others: %s', (address, expected) => {
    expect(isPreview(pattern, address)).toBe(expected);
  });
});

describe('the address line of a preview', () => {
  it.each([
    ['/a', '/a'],
    ['a/b?c', '/a/b?c'],
    ['  ', '/'],
    ['//evil.example', '/evil.example'],
    ['http://web:8080/x?y#z', '/x?y#z'],
    ['javascript:alert(1)', '/javascript:alert(1)'],
  ])('takes %s for %s', (typed, path) => {
    expect(pathFrom(typed)).toBe(path);
  });

  it.each([
    [
      { kind: 'strata-at', path: '/a', title: 'A' },
      { path: '/a', title: 'A' },
    ],
    [
      { kind: 'strata-at', path: '/a', title: 7 },
      { path: '/a', title: '' },
    ],
    [{ kind: 'strata-at', path: 'a' }, undefined],
    [{ kind: 'strata-at', path: {} }, undefined],
    [{ kind: 'other', path: '/a' }, undefined],
    [null, undefined],
    ['strata-at', undefined],
  ])('believes of %j only what can be shown', (data, where) => {
    expect(readWhere(data)).toEqual(where);
  });
});
