/** Fonts that systems have for terminals, and those that people who choose one often have. */
const known = [
  'Cascadia Mono',
  'Cascadia Code',
  'Consolas',
  'Menlo',
  'Monaco',
  'SF Mono',
  'DejaVu Sans Mono',
  'Liberation Mono',
  'Ubuntu Mono',
  'Noto Sans Mono',
  'JetBrains Mono',
  'Fira Code',
  'Fira Mono',
  'Source Code Pro',
  'IBM Plex Mono',
  'Hack',
  'Iosevka',
  'Roboto Mono',
  'Courier New',
] as const;

/** What a font of the browser's can be to a terminal. */
export type FontFitness = 'fit' | 'proportional' | 'absent';

/** How wide a text is in the fonts of a list, CSS pixels. */
export type MeasureText = (fonts: string, text: string) => number;

const narrow = 'iiiiiiiiii';
const wide = 'MMMMMMMMMM';

/** Those of the known fonts that this browser has. */
export function fontsHere(measure: MeasureText = measureText): readonly string[] {
  return known.filter((family) => fontFitness(family, measure) === 'fit');
}

/** A font that is not there is as wide as whatever takes its place. */
export function fontFitness(family: string, measure: MeasureText = measureText): FontFitness {
  const [serif, mono] = ['serif', 'monospace'].map((other) => measure(`"${family}", ${other}`, narrow));
  if (serif !== mono) return 'absent';
  return measure(`"${family}", serif`, wide) === serif ? 'fit' : 'proportional';
}

let context: CanvasRenderingContext2D | null | undefined;

function measureText(fonts: string, text: string): number {
  context ??= document.createElement('canvas').getContext('2d');
  if (!context) return 0;
  context.font = `40px ${fonts}`;
  return context.measureText(text).width;
}
