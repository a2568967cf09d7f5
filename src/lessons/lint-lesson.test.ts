import { describe, expect, it } from 'vitest';
import { lintLesson } from './lint-lesson';

const lesson = (minutes = 5, body = '### Where the model ends\n\nHere.') =>
  `---\nlesson: 1\ntitle: x\nsummary: y\nminutes: ${minutes}\nlab: lab.yaml\nsteps: [1.md]\n---\n${body}\n`;
const lab = 'strata: 1\nname: x\ninstances: [{kind: vm, name: box}]\n';
const step =
  '---\ntitle: z\nchecks: [{kind: image, name: n, image: i}]\n---\n```sh @box\nls\n```\n\n```sh @host-1\nls\n```\n';

const lint = (files: Readonly<Record<string, string>> = {}): readonly string[] =>
  lintLesson(new Map(Object.entries({ 'lesson.md': lesson(), 'lab.yaml': lab, '1.md': step, ...files }))).map(
    ({ message }) => message,
  );

describe('a lesson of this repository', () => {
  it('that is as we want it passes', () => {
    expect(lint()).toEqual([]);
  });

  it.each([
    [{ '1.md': step.replace('@box', '@bax') }, 'Something is asked of "bax", which the lab does not have'],
    [{ '1.md': step.replace(/checks:.*\n/, '') }, 'Step 1, "z", has neither checks nor questions'],
    [{ 'lesson.md': lesson(5, 'Here.') }, 'No heading says "Where the model ends": what cannot be shown here is said'],
    [{ 'lesson.md': lesson(40) }, '40 minutes: a lesson takes 5 to 15'],
    [{ '1.md': 'x' }, 'It does not begin with front matter: a line of ---, YAML, and a line of ---'],
  ])('%j is refused', (files, message) => {
    expect(lint(files as unknown as Record<string, string>)).toEqual([message]);
  });
});
