/** "10 s", "2 min". */
function duration(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  const seconds = ms / 1000;
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** How a unikernel has its address, and when it runs. They come with the form and the summary. */
export const unikernelFacts = {
  addressing: { static: 'Given by the lab', dhcp: 'Asks for its address (DHCP)' },
  demand: {
    heading: 'On demand',
    field: 'Runs',
    always: 'Always',
    after: (idleMs: number) => `On demand: sleeps after ${duration(idleMs)} without traffic`,
    about:
      'While it sleeps nothing of it runs; the switch answers for its address and keeps what comes until it is up. Start runs it now, Stop keeps it off until it is started again.',
    woken: 'Woken',
    never: 'Not yet',
    off: 'Not while it is off',
  },
} as const;
