import type { Root } from 'mdast';
import { readMarkdown } from '../markdown/read-markdown';
import { boolean, integer, list, oneOf, record, string, tagged, type YamlReader } from '../yaml/yaml-reader';
import { type LessonCheck, packetProtocols, type TerminalAddress } from './lesson';
import { addressProblems, parseAddress } from './terminal-address';

/** The version of the format; it goes up when an older page would read a lesson wrongly. */
export const lessonVersion = 1;

const text = string({ most: 16 * 1024 });
const sentence = string({ most: 300 });
const instanceName = string({
  most: 63,
  matching: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
  what: 'a name of letters, digits and hyphens, in lower case',
});
const containerName = string({ most: 63, matching: /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, what: 'the name of a container' });
const port = integer(1, 65_535);

/** What every check has; one that takes longer than a minute is no check. */
const common = { within: integer(1, 60) };

const command = record(
  { kind: oneOf('command'), name: sentence, in: containerName, run: text },
  { ...common, exit: integer(0, 255), output: text },
);
const http = record(
  { kind: oneOf('http'), name: sentence, instance: instanceName, port },
  {
    ...common,
    path: string({ most: 1024, matching: /^\/\S*$/, what: 'a path such as /index.html' }),
    status: integer(100, 599),
    body: text,
  },
);
const instance = record(
  {
    kind: oneOf('instance'),
    name: sentence,
    instance: instanceName,
    phase: oneOf('created', 'starting', 'running', 'paused', 'stopping', 'stopped', 'failed'),
  },
  common,
);
const container = record(
  {
    kind: oneOf('container'),
    name: sentence,
    container: containerName,
    status: oneOf('created', 'running', 'paused', 'exited', 'removed'),
  },
  { ...common, exit: integer(0, 255) },
);
const image = record({ kind: oneOf('image'), name: sentence, image: string({ most: 512 }) }, common);
const packet = record(
  { kind: oneOf('packet'), name: sentence, network: instanceName, protocol: oneOf(...packetProtocols) },
  { ...common, from: string({ most: 63 }), to: string({ most: 63 }), port },
);

const checks = { command, http, instance, container, image, packet };

const check: YamlReader<LessonCheck> = (value) => {
  const found = tagged('kind', checks)(value);
  if (!found) return undefined;
  const { within = 10 } = found;
  switch (found.kind) {
    case 'command':
      return { exit: 0, ...found, within };
    case 'http':
      return { path: '/', status: 200, ...found, within };
    default:
      return { ...found, within };
  }
};

const address: YamlReader<TerminalAddress> = (value) => {
  const written = string({ most: 80 })(value);
  if (written === undefined) return undefined;
  return (
    parseAddress(written) ?? value.problem(`"${written}" is no terminal: the name of an instance, "lab", or "box:2"`)
  );
};

const choices = record(
  {
    question: text,
    choices: list(record({ text }, { right: boolean, because: text }), 8),
  },
  {},
);

const question: YamlReader<NonNullable<ReturnType<typeof choices>>> = (value) => {
  const found = choices(value);
  if (!found || found.choices.some(({ right }) => right)) return found;
  return value.problem(`No choice of "${found.question.slice(0, 60)}" is right`);
};

/** A text in Markdown. What is wrong in it is told where it begins: how its lines came about is not known. */
const markdown: YamlReader<Root> = (value) => {
  const source = text(value);
  if (source === undefined) return undefined;
  const { root, problems } = readMarkdown(source);
  const all = [...problems, ...addressProblems(root)];
  for (const { message } of all) value.problem(message);
  return all.length === 0 ? root : undefined;
};

/** The front matter of `lesson.md`, whose other files are these. */
export function lessonHead(files: { has(name: string): boolean }) {
  const there = (read: YamlReader<string>): YamlReader<string> => {
    return (value) => {
      const name = read(value);
      return name === undefined || files.has(name) ? name : value.problem(`The folder has no file "${name}"`);
    };
  };
  return record(
    { lesson: integer(1, 1_000_000), title: string({ most: 120 }), summary: sentence, minutes: integer(1, 240) },
    {
      lab: there(fileName(/\.ya?ml$/, 'a file of the folder that ends in .yaml')),
      steps: once(list(there(fileName(/\.md$/, 'a file of the folder that ends in .md')), 32)),
    },
  );
}

/** The front matter of a step. */
export const stepHead = record(
  { title: string({ most: 120 }) },
  {
    checks: list(check, 16),
    hints: list(markdown, 8),
    solution: list(record({ at: address, run: text }, {}), 32),
    quiz: list(question, 8),
  },
);

function once(read: YamlReader<readonly string[]>): YamlReader<readonly string[]> {
  return (value) => {
    const names = read(value);
    const twice = names?.find((name, at) => names.indexOf(name) < at);
    return twice === undefined ? names : value.problem(`"${twice}" is there twice`);
  };
}

function fileName(ending: RegExp, what: string): YamlReader<string> {
  return (value) => {
    const name = string({ most: 120, matching: /^[A-Za-z0-9][A-Za-z0-9._-]*$/, what })(value);
    if (name === undefined) return undefined;
    return ending.test(name) ? name : value.problem(`"${name}" is not ${what}`);
  };
}
