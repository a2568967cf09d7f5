/**
 * The index that a key moves to in a list of `count` with one tab stop, or undefined for other keys.
 * After the ARIA authoring practices: lists stop at their ends, tabs go round.
 */
export function rovingIndex(
  key: string,
  at: number,
  count: number,
  axis: 'vertical' | 'horizontal',
): number | undefined {
  if (count === 0) return undefined;
  const [back, forth] = axis === 'vertical' ? ['ArrowUp', 'ArrowDown'] : ['ArrowLeft', 'ArrowRight'];
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  const step = key === forth ? 1 : key === back ? -1 : 0;
  if (step === 0) return undefined;
  return axis === 'vertical' ? Math.min(count - 1, Math.max(0, at + step)) : (at + step + count) % count;
}
