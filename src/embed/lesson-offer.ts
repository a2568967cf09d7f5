import { SandboxError } from '../base/errors';
import type { LabOffer } from './embed-home';

export interface LessonOfferWords {
  readonly about: (summary: string, minutes: number) => string;
  /** Where the list cannot be had. */
  readonly title: (id: string) => string;
  readonly none: (id: string, ids: readonly string[]) => string;
}

/** A lesson as the list has it, which is small. What its lab asks for is known when it is begun. */
export async function fetchLessonOffer(
  id: string,
  fetchList: () => Promise<Response>,
  words: LessonOfferWords,
): Promise<LabOffer> {
  const list = await listed(fetchList);
  // It is tried again, and told, when it is begun.
  if (!list) return { title: words.title(id), about: '', facts: [] };
  const entry = list.find((each) => each.id === id);
  if (entry) return { title: entry.title, about: words.about(entry.summary, entry.minutes), facts: [] };
  const ids = list.map((each) => each.id);
  throw new SandboxError('NotFound', words.none(id, ids));
}

interface ListedLesson {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly minutes: number;
}

async function listed(fetchList: () => Promise<Response>): Promise<readonly ListedLesson[] | undefined> {
  try {
    const answer = await fetchList();
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}
