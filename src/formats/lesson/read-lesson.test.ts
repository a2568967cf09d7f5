import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLessonProblem, readLesson } from './read-lesson';
import { addressOf } from './terminal-address';

const head = 'lesson: 1\ntitle: One\nsummary: A lesson\nminutes: 5';
const lessonMd = (yaml = `${head}\nlab: lab.yaml\nsteps: [1.md]`, body = 'Begin.') => `---\n${yaml}\n---\n${body}\n`;
const lab = 'strata: 1\nname: One\ninstances:\n  - kind: vm\n    name: box\n';
const step = `---
title: First
checks:
  - kind: command
    name: There is a file
    in: box
    run: test -e /made
  - kind: http
    name: It answers
    instance: box
    port: 80
hints: ["Make it by \`touch\`"]
solution:
  - at: box:2
    run: touch /made
quiz:
  - question: Is it there?
    choices:
      - text: Yes
        right: true
      - text: No
---
Make a file:

\`\`\`sh @box
touch /made
\`\`\`
`;

const read = (files: Readonly<Record<string, string>> = {}) =>
  readLesson(new Map(Object.entries({ 'lesson.md': lessonMd(), 'lab.yaml': lab, '1.md': step, ...files })));

const problemsOf = (files: Readonly<Record<string, string>>): readonly string[] => {
  const result = read(files);
  return 'problems' in result ? result.problems.map(describeLessonProblem) : [];
};

describe('a lesson', () => {
  it('is read with its lab, its steps and what has its usual value', () => {
    const result = read();
    if (!('lesson' in result)) throw new Error(JSON.stringify(result.problems));
    const { title, minutes, lab: scenario, steps } = result.lesson;
    expect({ title, minutes, machines: scenario?.instances.map(({ name }) => name) }).toEqual({
      title: 'One',
      minutes: 5,
      machines: ['box'],
    });
    expect(steps).toMatchObject([
      {
        title: 'First',
        checks: [
          { kind: 'command', exit: 0, within: 10 },
          { kind: 'http', path: '/', status: 200, within: 10 },
        ],
        solution: [{ at: { instance: 'box', shell: 2 }, lines: 'touch /made' }],
        quiz: [{ choices: [{ right: true }, { right: false }] }],
      },
    ]);
  });

  it.each([
    ['no front matter', { 'lesson.md': 'Hello' }, 'lesson.md, line 1, column 1: It does not begin with front matter'],
    ['front matter without an end', { 'lesson.md': '---\nlesson: 1\n' }, 'Its front matter has no end'],
    [
      'a key that is misspelt',
      { 'lesson.md': lessonMd(`${head}\nstep: []`) },
      'lesson.md, line 6, column 1: "step" is not known here: is "steps" meant?',
    ],
    ['no title', { 'lesson.md': lessonMd('lesson: 1\nsummary: x\nminutes: 5') }, '"title" is missing'],
    [
      'a file that is not there',
      { 'lesson.md': lessonMd(`${head}\nsteps:\n  - 1.md\n  - 2.md`) },
      'lesson.md, line 8, column 5: steps[1]: The folder has no file "2.md"',
    ],
    [
      'a lab that is not there',
      { 'lesson.md': lessonMd(`${head}\nlab: box.yaml`) },
      'lesson.md, line 6, column 6: lab: The folder has no file "box.yaml"',
    ],
    [
      'a way out of the folder',
      { 'lesson.md': lessonMd(`${head}\nsteps: [../../etc/passwd.md]`) },
      'is not a file of the folder that ends in .md',
    ],
    [
      'a lab that is wrong',
      { 'lab.yaml': 'strata: 1\nname: One\ninstances:\n  - kind: vm\n' },
      'lab.yaml, line 4, column 5: instances[0]: "name" is missing',
    ],
    [
      'a check of no kind',
      { '1.md': '---\ntitle: x\nchecks:\n  - name: y\n---\n' },
      '1.md, line 4, column 5: checks[0]: "kind" is missing',
    ],
    [
      'a check that may take an hour',
      { '1.md': '---\ntitle: x\nchecks:\n  - kind: image\n    name: y\n    image: z\n    within: 3600\n---\n' },
      '1.md, line 7, column 13: checks[0].within: 3600 is not a whole number from 1 to 60',
    ],
    [
      'code for no terminal',
      { '1.md': '---\ntitle: x\n---\n\n```sh @Box!\nls\n```\n' },
      '1.md, line 5, column 1: "@Box!" is no terminal',
    ],
    [
      'raw HTML',
      { '1.md': '---\ntitle: x\n---\nA <img src=x onerror=alert(1)> b\n' },
      '1.md, line 4, column 3: Raw HTML is not shown',
    ],
    [
      'a script for an address',
      { '1.md': '---\ntitle: x\n---\n[a](javascript:alert(1))\n' },
      'is no link that can be followed',
    ],
    ['a picture', { '1.md': '---\ntitle: x\n---\n![a](https://example.com/a.png)\n' }, 'Pictures are not shown'],
    [
      'no right answer',
      { '1.md': '---\ntitle: x\nquiz:\n  - question: y\n    choices: [{text: z}]\n---\n' },
      '1.md, line 4, column 5: quiz[0]: No choice of "y" is right',
    ],
    [
      'raw HTML in a hint',
      { '1.md': '---\ntitle: x\nhints:\n  - Look\n  - "<b>up</b>"\n---\n' },
      '1.md, line 5, column 5: hints[1]: Raw HTML is not shown: "<b>"',
    ],
    [
      'code for two terminals',
      { '1.md': '---\ntitle: x\n---\n\n```sh @box @lab\nls\n```\n' },
      '1.md, line 5, column 1: "@box @lab" is no terminal',
    ],
    [
      'code for no terminal behind other words',
      { '1.md': '---\ntitle: x\n---\n\n```sh title=x @Box\nls\n```\n' },
      '1.md, line 5, column 1: "@Box" is no terminal',
    ],
    [
      'aliases',
      { 'lesson.md': lessonMd('lesson: 1\ntitle: &a x\nsummary: *a\nminutes: 5') },
      'Anchors and aliases are not read',
    ],
  ])('with %s is refused with its place', (_, files, expected) => {
    expect(problemsOf(files as unknown as Record<string, string>).join('\n')).toContain(expected);
  });

  it.each(['@box:2', 'sh title=x @box:2', 'sh{1} @box:2', 'sh @box:2 title=x'])(
    'has a terminal for code behind %s',
    (words) => {
      const result = read({ '1.md': `---\ntitle: x\n---\n\n\`\`\`${words}\nls\n\`\`\`\n` });
      if (!('lesson' in result)) throw new Error(JSON.stringify(result.problems));
      const [code] = result.lesson.steps[0]?.text.children ?? [];
      expect(code?.type === 'code' && addressOf(code)).toEqual({ instance: 'box', shell: 2 });
    },
  );

  it('with code for a container of its lab is refused where that stands, in its solution as well', () => {
    const withOne = `${lab}containers: [{ name: c1, image: busybox }]\n`;
    const why = '"c1" is a container, and has no terminal: write docker exec c1 … for @lab';
    expect(problemsOf({ 'lab.yaml': withOne, '1.md': step.replace('sh @box', 'sh @c1') })).toEqual([
      `1.md, line 25, column 1: ${why}`,
    ]);
    expect(problemsOf({ 'lab.yaml': withOne, '1.md': step.replace('at: box:2', 'at: c1') })).toEqual([
      `1.md, line 1, column 1: ${why}`,
    ]);
  });

  it('with a step that is there twice is refused, and tells of mistakes in it once', () => {
    expect(problemsOf({ 'lesson.md': lessonMd(`${head}\nsteps: [1.md, 1.md]`) })).toEqual([
      'lesson.md, line 6, column 8: steps: "1.md" is there twice',
    ]);
  });

  it('with mistakes in its head and in a step is told of both', () => {
    const files = {
      'lesson.md': lessonMd('lesson: 1\nsummary: x\nminutes: 5'),
      '1.md': '---\ntitel: x\n---\n',
      'README.md': 'x',
    };
    const problems = problemsOf(files);
    expect(problems.map((each) => each.split(',')[0])).toEqual(expect.arrayContaining(['lesson.md', '1.md']));
    expect(problems.join()).not.toContain('README');
  });

  it('of a later version is refused by name, whatever else it has', () => {
    expect(problemsOf({ 'lesson.md': lessonMd('lesson: 2\nnew: {thing: 1}') })).toEqual([
      'lesson.md, line 1, column 1: It is a lesson of version 2; this page reads version 1',
    ]);
  });

  it('without a file is told which', () => {
    expect(readLesson(new Map())).toEqual({
      problems: [{ file: 'lesson.md', line: 1, column: 1, path: '', message: 'The folder has no such file' }],
    });
  });

  it('of whatever bytes is read or refused, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'binary' }), fc.nat(), (noise, at) => {
        const source = lessonMd();
        const place = at % source.length;
        const result = read({ 'lesson.md': source.slice(0, place) + noise + source.slice(place), '1.md': noise });
        expect('lesson' in result || result.problems.length > 0).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
