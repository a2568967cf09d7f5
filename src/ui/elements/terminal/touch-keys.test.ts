import { describe, expect, it } from 'vitest';
import { touchKeyText, withControl } from './touch-keys';

describe('keys over a terminal', () => {
  it.each([
    ['escape', false, '\x1b'],
    ['tab', false, '\t'],
    ['up', false, '\x1b[A'],
    ['left', true, '\x1bOD'],
    ['ctrl', false, undefined],
  ] as const)('%s sends what a keyboard does (application cursor %s)', (key, mode, sent) => {
    expect(touchKeyText(key, mode)).toBe(sent);
  });

  it.each([
    ['c', '\x03'],
    ['C', '\x03'],
    ['[', '\x1b'],
    [' ', '\0'],
    ['?', '\x7f'],
    ['1', '1'],
    ['ä', 'ä'],
    ['ls', 'ls'],
  ])('%j with Ctrl is %j', (typed, sent) => expect(withControl(typed)).toBe(sent));
});
