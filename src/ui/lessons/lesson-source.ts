import { SandboxError } from '../../base/errors';
import type { LessonFiles } from '../../formats/lesson/read-lesson';
import { lessonText } from '../text/lessons';

/** A lesson as the list shows it; its files are fetched when it is opened. */
export interface LessonEntry {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly minutes: number;
  readonly files: readonly string[];
}

/** Where lessons come from. */
export interface LessonSource {
  list(): Promise<readonly LessonEntry[]>;
  files(entry: LessonEntry): Promise<LessonFiles>;
}

/** The lessons that are served beside the page: `index.json`, and a folder for each. */
export function servedLessons(base: string, fetch: (url: string) => Promise<Response>): LessonSource {
  const text = async (path: string): Promise<string> => {
    const response = await fetch(`${base}${path}`);
    if (!response.ok) throw new SandboxError('Unavailable', lessonText.notServed(path, response.status));
    return response.text();
  };
  return {
    // Of our own making, and checked by `npm run check`.
    list: async () => JSON.parse(await text('index.json')) as readonly LessonEntry[],
    async files({ id, files }) {
      const texts = await Promise.all(files.map(async (name) => [name, await text(`${id}/${name}`)] as const));
      return new Map(texts);
    },
  };
}
