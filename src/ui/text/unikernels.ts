/** "10 s", "2 min". */
function duration(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  const seconds = ms / 1000;
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** Words of unikernels. */
export const unikernelText = {
  kind: 'Unikernel',
  summary: {
    image: 'Module',
    addressing: 'Address',
    arguments: 'Arguments',
    files: 'Files',
    none: 'None',
    upTo: (memory: string) => `Up to ${memory}`,
  },
  devices: 'Devices',
  addressing: { static: 'Told its address', dhcp: 'Asks for its address (DHCP)' },
  describe: 'unikernel',
  notWoken: (name: string) => `${name} could not be woken`,
  demand: {
    heading: 'On demand',
    field: 'Runs',
    always: 'Always',
    after: (idleMs: number) => `On demand: sleeps after ${duration(idleMs)} without traffic`,
    asleep: 'Asleep',
    sleeps: 'It sleeps, and wakes on the first connection.',
    about:
      'While it sleeps nothing of it runs; the switch answers for its address and keeps what comes until it is up. Start runs it now, Stop keeps it off until it is started again.',
    woken: 'Woken',
    wakes: (count: number, lastMs: number | undefined) =>
      count === 0 || lastMs === undefined
        ? ''
        : `Woken ${count === 1 ? 'once' : `${count} times`}; the last time it was up after ${Math.round(lastMs)} ms.`,
    never: 'Not yet',
    off: 'Not while it is off',
    nextFailed: 'What next: it is started anew for the next connection; its console tells what it said last.',
  },
  notBrought: (file: string) => `Could not take ${file}`,
  noOffers: 'The unikernels of the registry could not be listed',
} as const;
