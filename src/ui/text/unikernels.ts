/** Words of unikernels. */
export const unikernelText = {
  notWoken: (name: string) => `${name} could not be woken`,
  demand: {
    asleep: 'Asleep',
    sleeps: 'It sleeps, and wakes on the first connection.',
    wakes: (count: number, lastMs: number | undefined) =>
      count === 0 || lastMs === undefined
        ? ''
        : `Woken ${count === 1 ? 'once' : `${count} times`}; the last time it was up after ${Math.round(lastMs)} ms.`,
    nextFailed: 'What next: it is started anew for the next connection; its console tells what it said last.',
  },
  nextFailed: 'What next: start it again; its console tells what it said last.',
  notBrought: (file: string) => `Could not take ${file}`,
  noOffers: 'The unikernels of the registry could not be listed',
} as const;
