/** What is said of a link to a scenario that leads nowhere. It comes with what follows links. */
export const scenarioLinkText = {
  noAnswer: (host: string, path: string) => `${host} did not answer, or does not allow other pages to read ${path}`,
  missing: (host: string, path: string) =>
    `There is no ${path} on ${host}: look whether the link was copied whole, or ask whoever made it for another`,
  refused: (host: string, path: string, status: number) => `${host} answered ${status} for ${path}`,
  other: (host: string, path: string, found: string, expected: string) =>
    `${path} of ${host} is not what the link was made for: its sha256 is ${found}, not ${expected}. Take the link anew from whoever made it: the file has changed since, or the link is damaged`,
  tooLong: (host: string, path: string, bytes: number) =>
    `${path} of ${host} has more than ${bytes} bytes, which no scenario has`,
} as const;
