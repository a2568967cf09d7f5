import type { ScenarioPlan } from '../../engine/scenarios/plan-scenario';

const things = (count: number, one: string, more: string): string => (count === 1 ? `one ${one}` : `${count} ${more}`);

const removed = (names: readonly string[], kept: readonly string[]): readonly string[] => [
  ...(names.length > 0 ? [`What was made since it was begun is removed: ${names.join(', ')}.`] : []),
  ...(kept.length > 0 ? [`Containers of something else are on ${kept.join(', ')}, which stays.`] : []),
];

/** Words of the lessons. */
export const lessonText = {
  heading: 'Lessons',
  lead: 'The lecture in short pieces. Each starts its own lab in this tab, and looks by itself whether a step is done.',
  minutes: (minutes: number) => `${minutes} min`,
  steps: (passed: number, all: number) => (passed === all ? 'Done' : `${passed} of ${all} steps done`),
  open: (title: string) => `Open ${title}`,
  all: 'All lessons',
  notFetched: 'The lessons could not be fetched',
  fetchAgain: 'Try again',
  gone: 'No such lesson',
  goneDetail: 'A preview lasts as long as the page: drop its folder again.',
  preview: 'Preview a folder…',
  previewHint: 'A folder of your own, or a scenario of Killercoda, chosen here or dropped on the page',
  notRead: (name: string) => `${name} cannot be shown as a lesson`,
  problems: 'What is wrong with it',
  dropped: 'What was left out of it',
  introduction: 'Introduction',
  step: (number: number, title: string) => `${number}. ${title}`,
  stepsLabel: 'Steps of the lesson',
  passed: 'done',
  back: 'Back',
  next: 'Next',
  finish: 'To the lessons',

  lab: {
    heading: 'The lab of this lesson',
    what: ({ scenario, memoryMiB }: ScenarioPlan) => {
      const machines = scenario.instances.filter(({ kind }) => kind === 'vm').length;
      const unikernels = scenario.instances.length - machines;
      const parts = [
        ...(machines > 0 ? [things(machines, 'machine', 'machines')] : []),
        ...(unikernels > 0 ? [things(unikernels, 'unikernel', 'unikernels')] : []),
        ...(scenario.containers.length > 0 ? [things(scenario.containers.length, 'container', 'containers')] : []),
        ...(scenario.networks.length > 0 ? [things(scenario.networks.length, 'network', 'networks')] : []),
      ];
      return `It starts ${parts.join(', ')}: ${memoryMiB} MB of memory at most.`;
    },
    asks: (hosts: readonly string[]) => `It may ask outside of this tab: ${hosts.join(', ')}.`,
    runs: (names: readonly string[]) => `Commands run by themselves in ${names.join(', ')}.`,
    none: 'It starts nothing by itself: what you make comes with the steps.',
    start: 'Start the lab',
    starting: 'Starting…',
    ready: 'The lab runs.',
    idle: (names: readonly string[]) => `${names.join(', ')} ${names.length === 1 ? 'does' : 'do'} not run.`,
    wake: (names: readonly string[]) => `Start ${names.join(', ')}`,
    again: 'Try again',
    partial: (names: readonly string[]) =>
      `It was not started to its end, or has changed since. What there is of it is removed before it is started anew: ${names.join(', ')}.`,
    anew: 'Start it anew',
    resetting: 'Taking away what was made…',
    failed: (name: string, why: string) => `${name} did not start: ${why}`,
    replace: 'Remove and start',
    inTheWay: (titles: readonly string[]) =>
      `${titles.map((title) => `"${title}"`).join(', ')} ${titles.length === 1 ? 'has a machine of the same name: its lab is' : 'have machines of the same names: their labs are'} removed first.`,
    conflict: (why: string) => `${why}. Remove it, or rename it, and start then.`,
  },

  reset: 'Reset the lesson',
  resetTitle: (title: string) => `Reset "${title}"?`,
  resetBody: (names: readonly string[], kept: readonly string[]) =>
    [...removed(names, kept), 'Its steps are forgotten.'].join(' '),
  replaceTitle: (titles: readonly string[]) => `Remove the lab of ${titles.map((title) => `"${title}"`).join(', ')}?`,
  replaceBody: (names: readonly string[], kept: readonly string[]) =>
    [...removed(names, kept), 'Steps that are done stay so.'].join(' '),
  resetAction: 'Reset',
  notReset: 'The lesson was not reset',
  wasReset: 'The lesson begins again',

  run: (where: string) => `Run in ${where}`,
  copy: 'Copy',
  copied: 'Copied',
  lab_: 'the lab’s shell',
  where: (instance: string, shell: number) => (shell === 1 ? instance : `${instance}, shell ${shell}`),
  none: (id: string) => `There is no lesson "${id}"`,
  damaged: (id: string, file: string, problem: string) => `The lesson "${id}" is damaged: ${file} ${problem}`,
  notServed: (path: string, status: number) => `${path} of the lessons was answered with ${status}`,
  tooManyFiles: (files: number, most: number) => `The folder has ${files} texts; a lesson has ${most} at most`,
  tooMuch: (most: number) => `The folder has more than ${most} files`,
  tooLarge: (path: string, bytes: number, most: number) => `${path} has ${bytes} bytes; ${most} are the most`,
  noInstance: (name: string) => `There is no ${name} yet: start the lab of the lesson`,
  off: (name: string) => `${name} does not run: start it first`,
  tooMany: 'There are terminals enough: close one',

  checks: {
    heading: 'What has to be true',
    states: { waiting: 'Not looked at yet', passed: 'Done', missing: 'Not yet' },
    done: (step: number) => `Step ${step} is done`,
    before: 'The lab of the lesson is not started yet.',
  },
  hints: {
    heading: 'Hints',
    next: (shown: number, all: number) => (shown === 0 ? 'Show a hint' : `Show another hint (${shown} of ${all})`),
  },
  solution: {
    show: 'Do it for me',
    running: 'Typing…',
    failed: 'The solution was not typed to its end',
    hint: 'Types the solution into the terminals, line by line',
  },
  quiz: {
    heading: 'Do you know?',
    right: 'Right.',
    wrong: 'Not quite.',
    enter: 'Enter answers.',
  },
  table: 'Table',
  code: 'Code',
} as const;
