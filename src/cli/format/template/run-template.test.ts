import { expect, it } from 'vitest';
import { compileTemplate } from './run-template';

it.each([
  ['{{js "a\'<b>\\n"}}', "a\\'\\u003Cb\\u003E\\u000A"],
  ['{{print}}{{println}}', '\n'],
  ['{{and 1 0}}{{or 0 2}}{{eq 1 2 1}}{{slice "abc" 1}}', '02truebc'],
  ['{{"a,b" | split "," | len}}', '1'],
])('%s', (template, text) => {
  expect(compileTemplate(template)({})).toBe(text);
});

it.each([
  ['{{upper}}', 'wrong number of args for upper: want 1 got 0'],
  ['{{upper "a" "b"}}', 'wrong number of args for upper: want 1 got 2'],
  ['{{and}}', 'wrong number of args for and: want at least 1 got 0'],
  ['{{define "x"}}hi{{end}}', '{{define}} is not supported here'],
  ['{{template "x"}}', '{{template}} is not supported here'],
])('%s is refused', (template, message) => {
  expect(() => compileTemplate(template)({})).toThrow(message);
});
