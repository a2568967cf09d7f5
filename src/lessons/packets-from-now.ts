import type { LessonCheck } from '../formats/lesson/lesson';
import type { LessonLab } from './lesson-lab';

/** A lab whose packets count from now on for these checks: the network may have been asked for the same ones before. */
export function packetsFromNow(lab: LessonLab, checks: readonly LessonCheck[]): LessonLab {
  const firsts = new Map(
    checks.flatMap((check) => {
      if (check.kind !== 'packet') return [];
      // What cannot be asked for yet begins to count when it can.
      const first = Promise.resolve(check)
        .then(lab.packets)
        .catch(() => 0);
      return [[check, first] as const];
    }),
  );
  return {
    ...lab,
    async packets(check) {
      const first = (await firsts.get(check)) ?? 0;
      const now = await lab.packets(check);
      if (now >= first) return now - first;
      // A network that has begun anew since, or has forgotten that it was asked, counts from 0.
      firsts.set(check, Promise.resolve(0));
      return now;
    },
  };
}
