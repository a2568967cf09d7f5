import { describe, expect, it } from 'vitest';
import { touchKeyText, withControl } from './touch-keys';

describe('keys over a terminal', () => {
  it.each([
    ['escape', false, false, '\x1b'],
    ['tab', false, true, '\t'],
    ['up', false, false, '\x1b[A'],
    ['left', true, false, '\x1bOD'],
    ['left', false, true, '\x1b[1;5D'],
    ['up', true, true, '\x1b[1;5A'],
    ['ctrl', false, false, undefined],
  ] as const)('%s sends what a keyboard does (application cursor %s, Ctrl %s)', (key, mode, control, sent) => {
    expect(touchKeyText(key, mode, control)).toBe(sent);
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
