/** An operation as the one who asked for it saw it. */
export interface TimedOperation<State> {
  /** When it was asked for and when it was answered, on one clock for all. */
  readonly begun: number;
  readonly ended: number;
  /** The state after it, or undefined when it cannot have had its answer in this state. */
  run(state: State): State | undefined;
}

/**
 * Whether operations of several clients can be put in one order in which each has its answer and none comes
 * before one that had ended when it began (Wing and Gong, Testing and Verifying Concurrent Objects, 1993; with
 * Lowe's memory of what was tried). `key` tells states apart. For tests.
 */
export function isLinearizable<State>(
  operations: readonly TimedOperation<State>[],
  initial: State,
  key: (state: State) => string,
): boolean {
  const sorted = [...operations].sort((a, b) => a.begun - b.begun);
  const tried = new Set<string>();
  const stack: { readonly done: ReadonlySet<number>; readonly first: number; readonly state: State }[] = [
    { done: new Set(), first: 0, state: initial },
  ];
  for (let node = stack.pop(); node; node = stack.pop()) {
    const { done, first, state } = node;
    if (first === sorted.length) return true;
    for (const index of candidates(sorted, done, first)) {
      const next = sorted[index]?.run(state);
      if (next === undefined) continue;
      const advanced = advance(done, first, index);
      const name = `${advanced.first};${[...advanced.done].sort((a, b) => a - b).join()};${key(next)}`;
      if (tried.has(name)) continue;
      tried.add(name);
      stack.push({ ...advanced, state: next });
    }
  }
  return false;
}

/** Those that may come next: none of the others had ended when they began. */
function candidates<State>(
  sorted: readonly TimedOperation<State>[],
  done: ReadonlySet<number>,
  first: number,
): readonly number[] {
  const found: number[] = [];
  let earliestEnd = Number.POSITIVE_INFINITY;
  for (let index = first; index < sorted.length; index += 1) {
    const operation = sorted[index];
    if (!operation || operation.begun > earliestEnd) break;
    if (done.has(index)) continue;
    found.push(index);
    earliestEnd = Math.min(earliestEnd, operation.ended);
  }
  return found;
}

/** `first` is the first that is not done; `done` holds those behind it that are. */
function advance(
  done: ReadonlySet<number>,
  first: number,
  index: number,
): { readonly done: ReadonlySet<number>; readonly first: number } {
  const next = new Set(done).add(index);
  let start = first;
  while (next.delete(start)) start += 1;
  return { done: next, first: start };
}
