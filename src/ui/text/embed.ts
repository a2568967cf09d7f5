/** Words of an embedded lab, before it runs and around it. */
export const embedText = {
  run: 'Run',
  running: 'Starting…',
  awaits: 'Waiting for what the page wants to run',
  lesson: {
    about: (summary: string, minutes: number) => `${summary} (${minutes} min)`,
    /** Where the list of lessons cannot be had. */
    title: (id: string) => `The lesson ${id.replace(/^\d+-/, '').replaceAll('-', ' ')}`,
    none: (id: string, ids: readonly string[]) => `There is no lesson "${id}". There are: ${ids.join(', ')}`,
  },
  unsaved: 'An embedded lab is kept for as long as its page is open',
  notSaved: 'Not saved',
  back: 'Back',
  /** What is run where nobody has said anything. */
  machine: {
    name: 'A Linux machine',
    description: 'Its own kernel, its own memory, its own network card, in this page.',
  },
  relay: (said: string, relay: string) => `${said}, by way of ${relay}`,
  elsewhere: (images: readonly string[]) => `Images from elsewhere: ${images.join(', ')}`,
  view: (view: string, views: readonly string[]) => `There is no view "${view}". There are: ${views.join(', ')}`,
  lessonView: 'The view "lesson" needs a lesson beside it: lesson=01-cloud',
  scenarioWord:
    'An address has its scenario as s=CODE, the end of a link that the view Lab copies. scenario= is an attribute of <strata-lab>',
  /** What is wrong with a link to a scenario, and what to do. */
  link: (message: string) => `${message}. Nothing was started: take the link anew from where it was made`,
  unknownWord: (word: string) => `The address of the lab has "${word}", which it does not know`,
  home: {
    runsAlready: 'The lab runs already: offer a scenario before that',
    notBoth: (lesson: string) =>
      `A lab has a scenario or a lesson, not both: take away lesson="${lesson}", or the scenario`,
    wrong: (where: string) => `The scenario is wrong at ${where}`,
    place: (line: number, column: number, message: string) => `line ${line}, column ${column}: ${message}`,
    unreadable: 'it cannot be read',
    asks: 'It asks for more than to run in this frame, and waits for you to allow that',
    fetching: 'Fetching what runs it',
    noMemory: {
      page: (needs: number, left: number) =>
        `This lab needs ${needs} MiB of memory, and the others of this page leave ${left}. Remove one of them first`,
      site: (needs: number, left: number) =>
        `This lab needs ${needs} MiB of memory, and the others on this site leave ${left}, in other tabs too. Close one of them first`,
    },
    notStarted: (name: string, message: string) => `${name} did not start: ${message}`,
    progress: (subject: string, phase: string, share: number | undefined) =>
      share === undefined ? `${subject}: ${phase}` : `${subject}: ${phase}, ${share} %`,
  },
  refused: (reason: string) => `Strata refused the embedding page: ${reason}`,
};
