/** Words about what is typed into forms. They come with the dialogs that have them. */
export const formText = {
  between: (least: number, most: number) => `Enter a whole number from ${least} to ${most}`,
  /** Of machines and whatever else has a host name. */
  nameRule: 'Use lower-case letters, digits and hyphens, with a letter or digit at both ends',
  nameLength: (most: number) => `Use at most ${most} characters`,
  nameTaken: (name: string) => `There is one called ${name} already: choose another name`,
  working: 'One moment',
  /** Some of several were made. */
  partly: (made: number, count: number, why: string) => `${made} of ${count} were made and start. The next: ${why}`,
} as const;
