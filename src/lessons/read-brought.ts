import type { Lesson } from '../formats/lesson/lesson';
import { type LessonFiles, type LessonProblem, lessonFile, readLesson } from '../formats/lesson/read-lesson';

/** What came of a folder that an author brought. */
export interface BroughtLesson {
  readonly problems: readonly LessonProblem[];
  /** What an importer had to leave out. */
  readonly dropped: readonly string[];
  readonly lesson?: Lesson;
}

/** Whether a folder is a scenario of Killercoda. */
function isKillercoda(files: LessonFiles): boolean {
  return files.has('index.json') && !files.has(lessonFile);
}

/** Reads a lesson, or a scenario of Killercoda as one. */
export async function readBrought(files: LessonFiles): Promise<BroughtLesson> {
  if (!isKillercoda(files)) return { dropped: [], ...readOwn(files) };
  const { importKillercoda } = await import('../formats/lesson/killercoda/import-killercoda');
  const imported = importKillercoda(files);
  if ('problems' in imported) return { problems: imported.problems, dropped: [] };
  return { dropped: imported.dropped, ...readOwn(imported.files) };
}

function readOwn(files: LessonFiles): Omit<BroughtLesson, 'dropped'> {
  const read = readLesson(files);
  return 'lesson' in read ? { problems: [], lesson: read.lesson } : read;
}
