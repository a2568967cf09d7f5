/** What stands where a guest's page would. */
export const previewWords = {
  headings: {
    refused: 'Nobody listens there',
    timeout: 'No answer',
    off: 'The machine is not running',
    outside: 'Not in this lab',
    wrong: 'The answer makes no sense',
  },
  refused: (name: string, port: number) =>
    `${name} is there, but no program of it listens on port ${port}. Start a server in its terminal (httpd -p ${port} -h /some/folder, for example), then load this again.`,
  timeout: (name: string) =>
    `${name} did not answer in time. It may be busy, or its server may hang: look at its terminal, then load this again.`,
  off: (name: string, phase: string) =>
    `${name} is ${phase}. ${phase === 'paused' ? 'Resume' : 'Start'} it, then load this again.`,
  gone: () => 'The machine was removed.',
  outside: (host: string) =>
    `${host} is no machine on this network, and pages of machines reach nothing outside of it.`,
  wrong: (name: string, why: string) => `${name} could not be asked, or its answer could not be used. ${why}.`,
} as const;
