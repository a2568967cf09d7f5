import { describe, expect, it } from 'vitest';
import { createSettings, parseSettings, terminalFontSize } from './settings';

const initial = {
  contrast: 'system',
  motion: 'system',
  stage: false,
  theme: 'system',
  fontSize: 14,
  fontFamily: '',
  screenReader: false,
  singleKeys: true,
  lecture: false,
};

describe('the text of terminals', () => {
  it.each([
    [14, false, 14],
    [14, true, 22],
    [30, true, 30],
  ])('of %d pixels, on a stage: %s, has %d', (fontSize, stage, shown) => {
    expect(terminalFontSize({ fontSize, stage })).toBe(shown);
  });
});

describe('stored settings', () => {
  it.each([
    [null, initial],
    ['', initial],
    ['not json', initial],
    ['null', initial],
    ['[1]', initial],
    ['{"theme":"pink","fontSize":"9","screenReader":1}', initial],
    ['{"theme":"dark"}', { ...initial, theme: 'dark' }],
    [
      '{"contrast":"more","motion":"reduce","stage":true}',
      { ...initial, contrast: 'more', motion: 'reduce', stage: true },
    ],
    ['{"fontFamily":"Fira Code"}', { ...initial, fontFamily: 'Fira Code' }],
    ['{"fontFamily":"a\\", url(x)"}', initial],
    ['{"contrast":"less","motion":1,"stage":"yes"}', initial],
    ['{"fontSize":1000}', { ...initial, fontSize: 32 }],
    ['{"fontSize":-1,"screenReader":true}', { ...initial, fontSize: 9, screenReader: true }],
  ])('%j are read without trust', (stored, values) => expect(parseSettings(stored)).toEqual(values));

  it('come back at the next visit', () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    createSettings(storage).change({ theme: 'light', fontSize: 18 });
    expect(createSettings(storage).values.value).toEqual({
      ...initial,
      theme: 'light',
      fontSize: 18,
      screenReader: false,
      singleKeys: true,
      lecture: false,
    });
  });

  it('have other things beside them, which are kept by name', () => {
    const kept = new Map<string, string>([['strata.bad', '{']]);
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    createSettings(storage).keep('dock', { height: 3 });
    expect(createSettings(storage).recall('dock')).toEqual({ height: 3 });
    expect(createSettings(storage).recall('bad')).toBeUndefined();
    expect(createSettings(storage).recall('none')).toBeUndefined();
  });

  it('work where storage throws', () => {
    const refuse = (): never => {
      throw new Error('denied');
    };
    const settings = createSettings({ getItem: refuse, setItem: refuse });
    settings.change({ theme: 'dark' });
    expect(settings.values.value.theme).toBe('dark');
  });
});
