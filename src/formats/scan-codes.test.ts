import { describe, expect, it } from 'vitest';
import { decodeCodePage437 } from './code-page-437';
import { scanCodes } from './scan-codes';

describe('what a keyboard sends', () => {
  // From IBM's Technical Reference, Personal Computer AT, and for the extended keys from that of the PS/2.
  it.each([
    ['Escape', 0x01],
    ['Digit0', 0x0b],
    ['Backspace', 0x0e],
    ['KeyQ', 0x10],
    ['Enter', 0x1c],
    ['KeyA', 0x1e],
    ['Backquote', 0x29],
    ['ShiftLeft', 0x2a],
    ['Backslash', 0x2b],
    ['Slash', 0x35],
    ['ShiftRight', 0x36],
    ['AltLeft', 0x38],
    ['Space', 0x39],
    ['F1', 0x3b],
    ['F10', 0x44],
    ['NumLock', 0x45],
    ['Numpad7', 0x47],
    ['NumpadDecimal', 0x53],
    ['IntlBackslash', 0x56],
    ['F11', 0x57],
    ['F12', 0x58],
  ])('for %s is one byte, with its highest bit when it is let go', (key, code) => {
    expect([scanCodes(key, true), scanCodes(key, false)]).toEqual([[code], [code | 0x80]]);
  });

  it('for the keys that came later begins with 0xe0', () => {
    expect([scanCodes('ArrowLeft', true), scanCodes('ControlRight', false)]).toEqual([
      [0xe0, 0x4b],
      [0xe0, 0x9d],
    ]);
  });

  it('for Pause comes all at once', () => {
    expect([scanCodes('Pause', true), scanCodes('Pause', false)]).toEqual([[0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5], []]);
  });

  it.each(['', '-', 'MediaPlayPause', 'Unidentified'])('for "%s", which it has not, is nothing', (key) => {
    expect(scanCodes(key, true)).toBeUndefined();
  });
});

describe('the characters of a PC', () => {
  it('are 256, with ASCII in its place', () => {
    const all = decodeCodePage437(Array.from({ length: 256 }, (_, index) => index));
    expect([...all]).toHaveLength(256);
    expect(all.slice(32, 127)).toBe(Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join(''));
    expect([all[0xc9], all[0xcd], all[0xbb], all[0xb0], all[0xe1], all[0xfe]].join('')).toBe('╔═╗░ß■');
  });
});
