import { SandboxError } from '../base/errors';
import type { LabOffer } from './embed-home';
import type { PosterFact } from './poster';

export interface LessonOfferWords {
  readonly about: (summary: string, minutes: number) => string;
  /** Where the list cannot be had. */
  readonly title: (id: string) => string;
  readonly none: (id: string, ids: readonly string[]) => string;
}

export interface LessonOfferOptions {
  /** A file of the lessons, by its path among them. */
  readonly fetchFile: (path: string) => Promise<Response>;
  /** What a person is told of a lab's text. */
  readonly facts: (text: string) => Promise<readonly PosterFact[]>;
  readonly words: LessonOfferWords;
}

/** A lesson as the list has it, with what its lab would do. What cannot be had is tried again, and told, when it is begun. */
export async function fetchLessonOffer(id: string, { fetchFile, facts, words }: LessonOfferOptions): Promise<LabOffer> {
  const list = await attempt<readonly ListedLesson[]>(async () => (await got(fetchFile('index.json'))).json());
  if (!list) return { title: words.title(id), about: '', facts: [] };
  const { title, summary, minutes, files } = list.find((each) => each.id === id) ?? absent(id, list, words);
  const lab = files.includes(labFile)
    ? await attempt(async () => facts(await (await got(fetchFile(`${id}/${labFile}`))).text()))
    : undefined;
  return { title, about: words.about(summary, minutes), facts: lab ?? [] };
}

/** What a lesson begins with; one that has none makes nothing by itself. */
const labFile = 'lab.yaml';

interface ListedLesson {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly minutes: number;
  readonly files: readonly string[];
}

function absent(id: string, list: readonly ListedLesson[], words: LessonOfferWords): never {
  const ids = list.map((each) => each.id);
  throw new SandboxError('NotFound', words.none(id, ids));
}

async function got(answering: Promise<Response>): Promise<Response> {
  const answer = await answering;
  if (answer.ok) return answer;
  throw new SandboxError('Unavailable', `${answer.url}: the server answered ${answer.status}`);
}

async function attempt<T>(make: () => Promise<T>): Promise<T | undefined> {
  try {
    return await make();
  } catch {
    return undefined;
  }
}
