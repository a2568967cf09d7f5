/** How far somebody is in a lesson; kept over visits. */
export interface LessonProgress {
  /** Steps whose checks have all passed, by number from 1. */
  readonly passed: readonly number[];
  /** The step that was shown last; 0 is the introduction. */
  readonly step: number;
  /** Since when its lab is there, milliseconds since the epoch; absent: it was not begun. */
  readonly startedAt?: number;
  /** Ids of the instances that were there before its lab. */
  readonly before?: readonly string[];
  /** Ids of the instances of its lab, once that runs: another lesson may have some of the same names. */
  readonly own?: readonly string[];
  /** Its lab was begun and has not come to its end: what is there of it may lack its setup. */
  readonly opening?: true;
  /** Ids of instances and containers that came about while it was shown, or its lab was opened. */
  readonly made?: readonly string[];
}

export const noProgress: LessonProgress = { passed: [], step: 0 };

/** Steps that are remembered of one lesson. */
const limit = 256;

/** Reads what an earlier version may have kept; what makes no sense is as if nothing were there. */
export function parseProgress(kept: unknown): ReadonlyMap<string, LessonProgress> {
  if (typeof kept !== 'object' || kept === null) return new Map();
  return new Map(
    Object.entries(kept).flatMap(([id, value]) => {
      const progress = parseOne(value);
      return progress ? [[id, progress] as const] : [];
    }),
  );
}

export function serializeProgress(
  progress: ReadonlyMap<string, LessonProgress>,
): Readonly<Record<string, LessonProgress>> {
  return Object.fromEntries(progress);
}

function parseOne(value: unknown): LessonProgress | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { passed, step, startedAt, before, own, opening, made } = value as Partial<
    Record<keyof LessonProgress, unknown>
  >;
  if (!Array.isArray(passed)) return undefined;
  return {
    passed: passed.filter(isStep).slice(0, limit),
    step: isStep(step) ? step : 0,
    ...(typeof startedAt === 'number' && { startedAt }),
    ...(Array.isArray(before) && { before: before.filter(isId) }),
    ...(Array.isArray(own) && { own: own.filter(isId) }),
    ...(opening === true && { opening }),
    ...(Array.isArray(made) && { made: made.filter(isId) }),
  };
}

function isId(value: unknown): value is string {
  return typeof value === 'string';
}

function isStep(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < limit;
}
