import { interruptedText } from '../text/interrupted';

/** What follows from the end of a client, by the verbs of docker's. */
const outcomes = {
  run: ['run', 'start', 'attach', 'exec', 'restart', 'create'],
  build: ['build'],
  pull: ['pull', 'load', 'import', 'commit'],
  copy: ['cp', 'export', 'save'],
} as const;

/** What a shell says of a line that the reload of its page has ended, and what has become of it. */
export function interruptedMessage(line: string): string {
  const verbs = [...line.matchAll(/\bdocker\s+(?:(?:container|image|builder)\s+)?([a-z]+)/g)].map(([, verb]) => verb);
  const told = Object.entries(outcomes).flatMap(([outcome, known]) =>
    known.some((verb) => verbs.includes(verb)) ? [interruptedText[outcome as keyof typeof outcomes]] : [],
  );
  return interruptedText.ended(line) + (told.join('') || interruptedText.other);
}
