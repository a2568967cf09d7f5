/** Words of an embedded lab before it runs. */
export const embedText = {
  run: 'Run',
  running: 'Starting…',
  lesson: (id: string) => ({ title: 'A lesson', about: id.replace(/^\d+-/, '').replaceAll('-', ' ') }),
  unsaved: 'An embedded lab is kept for as long as its page is open',
  /** What is run where nobody has said anything. */
  machine: {
    name: 'A Linux machine',
    description: 'Its own kernel, its own memory, its own network card, in this page.',
  },
  home: {
    runsAlready: 'The lab runs already: offer a scenario before that',
    wrong: (where: string) => `The scenario is wrong at ${where}`,
    place: (line: number, column: number, message: string) => `line ${line}, column ${column}: ${message}`,
    unreadable: 'it cannot be read',
    noMemory: (needs: number, left: number) =>
      `This lab needs ${needs} MiB of memory, and the others of this page leave ${left}. Remove one of them first`,
    notStarted: (name: string, message: string) => `${name} did not start: ${message}`,
  },
  refused: (reason: string) => `Strata refused the embedding page: ${reason}`,
};
