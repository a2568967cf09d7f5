/** Where a chart is drawn, in its own pixels. */
export const chartSize = { width: 600, height: 120 } as const;

/** The smallest of 1, 2, 5, 10, 20 … that is no smaller than a value; figures on an axis are read easily so. */
export function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((each) => each * power >= value * (1 - 1e-9)) ?? 10;
  return step * power;
}

/**
 * Values as the data of an SVG path, the newest at the right; `slots` is how many there is room for. Values that come to lie
 * in one pixel column are drawn as their largest, so that no peak is lost. Empty for less than two values.
 */
export function chartPath(values: readonly number[], slots: number, top: number): string {
  if (values.length < 2) return '';
  const { width, height } = chartSize;
  const columns = new Map<number, number>();
  for (const [index, value] of values.entries()) {
    const x = Math.round(width - ((values.length - 1 - index) * width) / (slots - 1));
    columns.set(x, Math.max(value, columns.get(x) ?? 0));
  }
  const points = [...columns].map(([x, value]) => `${x} ${Math.round(10 * (height - (value / top) * height)) / 10}`);
  return `M${points.join('L')}`;
}

export interface ChartFigures {
  readonly now: number;
  readonly mean: number;
  readonly largest: number;
}

/** The numbers beside a chart; undefined for no values. */
export function chartFigures(values: readonly number[]): ChartFigures | undefined {
  const now = values.at(-1);
  if (now === undefined) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { now, mean, largest: Math.max(...values) };
}
