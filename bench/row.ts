/** One line of the table. */
export interface Row {
  /** What was measured, as in docs/SPECIFICATION.md. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The figure to reach; rows without one are there for comparison. */
  readonly goal?: Goal;
  /** What the value can be compared with, measured in the same run: "cold page 512". */
  readonly peer?: string;
}

export interface Goal {
  readonly value: number;
  readonly better: 'lower' | 'higher';
  readonly stretch?: number;
}

export const atMost = (value: number, stretch?: number): Goal => goal(value, 'lower', stretch);
export const atLeast = (value: number, stretch?: number): Goal => goal(value, 'higher', stretch);

function goal(value: number, better: Goal['better'], stretch?: number): Goal {
  return stretch === undefined ? { value, better } : { value, better, stretch };
}

export function isMet({ value, goal }: Row): boolean | undefined {
  if (!goal) return undefined;
  return goal.better === 'lower' ? value <= goal.value : value >= goal.value;
}
