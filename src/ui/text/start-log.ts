/** Words of the log of a start. They come with what shows it. */
export const startLogText = {
  heading: 'How it started',
  none: 'It has not been started yet',
  console: 'What the console printed',
  empty: 'Nothing yet',
  skipped: (size: string) => `${size} skipped`,
  at: 'At',
  took: 'Took',
  step: 'Step',
} as const;
