/** Words of apps: programs of WASI and WASIX. */
export const appText = {
  kind: 'App',
  flavors: { wasi: 'WASI (preview 1)', wasix: 'WASIX, run by Wasmer' },
  describe: 'app',

  summary: {
    program: 'Program',
    calls: 'Calls',
    environment: 'Environment',
  },
} as const;
