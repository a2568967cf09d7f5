import { type Lesson, labTerminal } from '../formats/lesson/lesson';
import { type LessonFiles, type LessonProblem, lessonFile, readLesson } from '../formats/lesson/read-lesson';
import { problemAt, walkMarkdown } from '../formats/markdown/read-markdown';
import { solutionOf } from './solve-step';

/** Hosts that the container engine makes by itself. */
const ownHost = /^host-\d+$/;

/** What every lesson of ours ends with. */
const limits = 'Where the model ends';

/** What is wrong with a lesson of this repository: what its readers would be told, and what we ask of ourselves beyond that. */
export function lintLesson(files: LessonFiles): readonly LessonProblem[] {
  const read = readLesson(files);
  if ('problems' in read) return read.problems;
  const { lesson } = read;
  const tell = (message: string): LessonProblem => ({ file: lessonFile, ...problemAt(undefined, message) });
  return [
    ...strangers(lesson).map((name) => tell(`Something is asked of "${name}", which the lab does not have`)),
    ...lesson.steps.flatMap(({ title, checks, quiz }, at) =>
      checks.length + quiz.length > 0 ? [] : [tell(`Step ${at + 1}, "${title}", has neither checks nor questions`)],
    ),
    ...(saysLimits(lesson) ? [] : [tell(`No heading says "${limits}": what cannot be shown here is said`)]),
    ...(lesson.minutes < 5 || lesson.minutes > 15 ? [tell(`${lesson.minutes} minutes: a lesson takes 5 to 15`)] : []),
  ];
}

/** Instances that nobody makes. Containers are made by what is typed. */
function strangers({ lab, steps }: Lesson): readonly string[] {
  const known = new Set([labTerminal, ...(lab?.instances ?? []).map(({ name }) => name)]);
  const asked = steps.flatMap((step) => [
    ...solutionOf(step).map(({ at }) => at.instance),
    ...step.checks.flatMap((check) => (check.kind === 'http' ? [check.instance] : [])),
  ]);
  return [...new Set(asked)].filter((name) => !known.has(name) && !ownHost.test(name));
}

function saysLimits({ introduction, steps }: Lesson): boolean {
  return [introduction, ...steps.map(({ text }) => text)].some((root) =>
    [...walkMarkdown(root)].some(
      ({ node }) =>
        node.type === 'heading' && node.children.some((each) => each.type === 'text' && each.value === limits),
    ),
  );
}
