import { describe, expect, it } from 'vitest';
import { parseText, serializeText } from './editable-text';

describe('a text that is edited', () => {
  for (const [name, content, text] of [
    ['nothing', '', ''],
    ['lines', 'a\nb\n', 'a\nb\n'],
    ['lines of DOS', 'a\r\n\r\nb', 'a\n\nb'],
    ['a byte order mark', '\uFEFFa\n', 'a\n'],
    ['a mark and lines of DOS', '\uFEFFa\r\n', 'a\n'],
    ['a mark that is part of the text', '\uFEFF\uFEFFa', '\uFEFFa'],
  ] as const) {
    it(`is written as it was read: ${name}`, () => {
      const bytes = new TextEncoder().encode(content);
      const parsed = parseText(bytes);
      expect(parsed?.text).toBe(text);
      expect(serializeText(parsed!)).toEqual(bytes);
    });
  }

  it('keeps its line breaks and its mark when it becomes another', () => {
    const parsed = parseText(new TextEncoder().encode('\uFEFFa\r\nb\r\n'));
    const next = serializeText({ ...parsed!, text: 'a\nc\n' });
    expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(next)).toBe('\uFEFFa\r\nc\r\n');
  });

  for (const content of ['a\r\nb\n', 'a\nb\r\n', 'a\rb', 'a\r\r\n', '\r\n\r']) {
    it(`is none whose lines end in several ways: ${JSON.stringify(content)}`, () => {
      expect(parseText(new TextEncoder().encode(content))).toBeUndefined();
    });
  }

  it('is none in another encoding', () => {
    expect(parseText(Uint8Array.of(0x66, 0xfc, 0x72))).toBeUndefined();
  });
});
