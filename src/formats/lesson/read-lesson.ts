import type { Root } from 'mdast';
import { problemAt, readMarkdown } from '../markdown/read-markdown';
import { readScenario } from '../scenario/read-scenario';
import type { Scenario } from '../scenario/scenario';
import { type DocumentProblem, describeProblem, readYaml, type YamlReader } from '../yaml/yaml-reader';
import { splitFrontMatter } from './front-matter';
import type { Lesson, LessonStep } from './lesson';
import { lessonHead, lessonVersion, stepHead } from './lesson-shape';
import { addressProblems, containerProblems } from './terminal-address';

/** The files of a folder by their names. */
export type LessonFiles = ReadonlyMap<string, string>;

/** Something wrong, in which file of the folder. */
export interface LessonProblem extends DocumentProblem {
  readonly file: string;
}

export type ReadLesson = { readonly lesson: Lesson } | { readonly problems: readonly LessonProblem[] };

/** The file that every lesson has. */
export const lessonFile = 'lesson.md';

/** What the folder says, or all that is wrong with it. A lesson of a later version is refused by name; nothing is thrown. */
export function readLesson(files: LessonFiles): ReadLesson {
  const reading = new LessonReading(files);
  const lesson = reading.lesson();
  return lesson && reading.problems.length === 0 ? { lesson } : { problems: reading.problems };
}

/** "2.md, line 3, column 5: checks[0].run: …" */
export function describeLessonProblem(problem: LessonProblem): string {
  return `${problem.file}, ${describeProblem(problem)}`;
}

type Read<T> = T extends YamlReader<infer V> ? V : never;

class LessonReading {
  readonly problems: LessonProblem[] = [];
  readonly #files: LessonFiles;

  constructor(files: LessonFiles) {
    this.#files = files;
  }

  lesson(): Lesson | undefined {
    const source = this.#files.get(lessonFile);
    if (source === undefined) return this.#tell(lessonFile, [problemAt(undefined, 'The folder has no such file')]);
    const version = Number(/^lesson:\s*(\d{1,7})\s*(#.*)?$/m.exec(source)?.[1] ?? lessonVersion);
    if (version > lessonVersion) {
      const message = `It is a lesson of version ${version}; this page reads version ${lessonVersion}`;
      return this.#tell(lessonFile, [problemAt(undefined, message)]);
    }
    const found = this.#document(lessonFile, source, lessonHead(this.#files));
    if (!found) return this.#stepsUnnamed();
    const { lab: labFile, steps: names = [], lesson: _, ...rest } = found.head;
    const lab = labFile === undefined ? undefined : this.#lab(labFile);
    const containers = new Set(lab?.containers.map((each) => each.name));
    const steps = names.flatMap((name) => this.#step(name, containers) ?? []);
    return { ...rest, ...(lab && { lab }), introduction: found.text, steps };
  }

  /** Which files are steps is not known: what begins as one is looked at, so that all mistakes are told at once. */
  #stepsUnnamed(): undefined {
    for (const [name, text] of this.#files) {
      if (name !== lessonFile && name.endsWith('.md') && text.startsWith('---')) this.#step(name, new Set());
    }
  }

  #lab(name: string): Scenario | undefined {
    const read = readScenario(this.#files.get(name) ?? '');
    return 'value' in read ? read.value : this.#tell(name, read.problems);
  }

  #step(name: string, containers: ReadonlySet<string>): LessonStep | undefined {
    const found = this.#document(name, this.#files.get(name) ?? '', stepHead);
    if (!found) return undefined;
    const { title, checks = [], hints = [], solution = [], quiz = [] } = found.head;
    this.#tell(name, containerProblems(found.text, solution, containers));
    return {
      title,
      text: found.text,
      checks,
      hints,
      solution: solution.map(({ at, run }) => ({ at, lines: run })),
      quiz: quiz.map(({ question, choices }) => ({
        question,
        choices: choices.map(({ right = false, ...choice }) => ({ ...choice, right })),
      })),
    };
  }

  #document<R>(
    file: string,
    source: string,
    read: YamlReader<R>,
  ): { readonly head: Read<YamlReader<R>>; readonly text: Root } | undefined {
    const parts = splitFrontMatter(source);
    if ('message' in parts) return this.#tell(file, [parts]);
    const head = readYaml(parts.yaml, read);
    const text = this.#markdown(file, parts.body);
    if ('problems' in head) return this.#tell(file, head.problems);
    return { head: head.value as Read<YamlReader<R>>, text };
  }

  #markdown(file: string, source: string): Root {
    const { root, problems } = readMarkdown(source);
    this.#tell(file, [...problems, ...addressProblems(root)]);
    return root;
  }

  #tell(file: string, problems: readonly DocumentProblem[]): undefined {
    this.problems.push(...problems.map((problem) => ({ ...problem, file })));
  }
}
