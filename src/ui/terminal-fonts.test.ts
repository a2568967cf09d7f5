import { describe, expect, it } from 'vitest';
import { fontFitness, fontsHere, type MeasureText } from './terminal-fonts';

/** A browser with three fonts beside its own. */
const measure: MeasureText = (fonts, text) => {
  const widths: Readonly<Record<string, readonly [number, number]>> = {
    '"Menlo"': [240, 240],
    '"Hack"': [240, 240],
    '"Papyrus"': [90, 330],
    serif: [110, 355],
    monospace: [240, 240],
  };
  const there = fonts.split(', ').find((family) => family in widths) ?? 'serif';
  return widths[there]![text.startsWith('i') ? 0 : 1];
};

describe('fonts for terminals', () => {
  it('are those that the browser has and whose letters are of one width', () => {
    expect(fontsHere(measure)).toEqual(['Menlo', 'Hack']);
  });

  it.each([
    ['Menlo', 'fit'],
    ['Papyrus', 'proportional'],
    ['Nobody Has This', 'absent'],
  ] as const)('%s is %s', (family, fitness) => {
    expect(fontFitness(family, measure)).toBe(fitness);
  });
});
