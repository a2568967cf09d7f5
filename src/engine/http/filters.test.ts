import { expect, test } from 'vitest';
import { checkFilters, flagFilter, parseFilters, parsePruneFilters, passes, passesLabels } from './filters';

test('both forms of filters say the same', () => {
  const expected = { label: ['a=b', 'c'], dangling: ['true'] };
  expect(parseFilters('{"label":{"a=b":true,"c":true},"dangling":{"true":true}}')).toEqual(expected);
  expect(parseFilters('{"label":["a=b","c"],"dangling":["true"]}')).toEqual(expected);
  expect(parseFilters(undefined)).toEqual({});
});

test.each(['[]', 'label=a', '{"label":"a"}', '{"label":[1]}', 'null'])('%s is no filter', (text) => {
  expect(() => parseFilters(text)).toThrow('invalid filter');
});

test('what is to be pruned may be told by its age', () => {
  expect(parsePruneFilters('{"until":["1h"],"label":["a"]}', 7_200_000)).toEqual({ until: ['3600'], label: ['a'] });
  expect(parsePruneFilters('{"until":{"42":true}}', 0)).toEqual({ until: ['42'] });
  expect(() => parsePruneFilters('{"until":["soon"]}', 0)).toThrow('parsing time "soon"');
});

test('a filter that is not known is named', () => {
  expect(() => checkFilters({ color: ['red'] }, ['label'])).toThrow("invalid filter 'color'");
});

test('one value has to fit, and all labels', () => {
  expect(passes({}, 'name', () => false)).toBe(true);
  expect(passes({ name: ['a', 'b'] }, 'name', (value) => value === 'b')).toBe(true);
  expect(passes({ name: ['a'] }, 'name', (value) => value === 'b')).toBe(false);
  const labels = { tier: 'web', note: 'a=b' };
  expect(passesLabels({ label: ['tier', 'note=a=b'] }, labels)).toBe(true);
  expect(passesLabels({ label: ['tier', 'missing'] }, labels)).toBe(false);
  expect(passesLabels({ label: ['tier=db'] }, labels)).toBe(false);
  expect(passesLabels({ 'label!': ['tier'] }, labels)).toBe(false);
});

test.each([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])('%s is %s', (value, flag) => {
  expect(flagFilter({ dangling: [value] }, 'dangling')).toBe(flag);
});

test('what is neither yes nor no, or both, is refused', () => {
  expect(() => flagFilter({ dangling: ['maybe'] }, 'dangling')).toThrow('invalid filter \'dangling=["maybe"]\'');
  expect(() => flagFilter({ dangling: ['true', 'false'] }, 'dangling')).toThrow('invalid filter');
  expect(flagFilter({}, 'dangling')).toBeUndefined();
});
