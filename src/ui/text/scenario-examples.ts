/** Scenarios that come with the page, under `scenarios/`. */
export const scenarioExamples = [
  {
    file: 'two-machines.yaml',
    name: 'Two machines',
    about: 'Two Linux machines on a network of their own',
  },
  {
    file: 'web-service.yaml',
    name: 'A web service and its client',
    about: 'A unikernel that serves a page, and a machine to ask it from',
  },
  {
    file: 'sleeping-service.yaml',
    name: 'A service that sleeps',
    about: 'A unikernel that runs only while somebody asks',
  },
  {
    file: 'containers.yaml',
    name: 'Containers on a network',
    about: 'A web server and a client, as docker would start them',
  },
] as const;
