/** Words of the form for an app. They come with it. */
export const appForm = {
  title: 'New app',
  about: 'A program of WASI in a thread of its own, with arguments, files and a terminal, as a process has them.',
  aboutWasix:
    'A program of WASIX in threads of its own, run by Wasmer, with an address on the network beside what a process has.',
  take: 'Take a .wasm file to begin, here or by dropping it on the page.',
  program: 'Program',
  flavors: { wasi: 'WASI (preview 1)', wasix: 'WASIX, run by Wasmer' },
  file: 'Take a .wasm file…',
  fileLabel: 'A .wasm file built for WASI, such as wasm32-wasip1',
  name: 'Name',
  nameHint: 'Left empty, it gets the next free one',
  arguments: 'Arguments, one a line',
  environment: 'Environment, one NAME=value a line',
  memory: 'Memory at most, MB',
  files: 'Files for it',
  path: 'Path',
  content: 'Text',
  newFile: 'Write a file',
  addFiles: 'Add files…',
  addFilesLabel: 'Files that the program shall find',
  removeFile: (path: string) => `Remove the file ${path === '' ? 'without a path' : path}`,
  network: 'Network',
  noNetwork: 'None',
  start: 'Start it',

  lacks: {
    waiting:
      'This browser cannot let a WebAssembly program wait: it has no JSPI, and this page is not isolated. The program runs until it waits for what is typed, or for time to pass. What helps: Chromium 137 or later, or this page in a tab of its own.',
    isolation:
      'A program of WASIX needs memory that is shared between threads, which this page has not: it is not cross-origin isolated. What helps: open the page in a tab of its own, or have its server send the headers COOP and COEP (or Document-Isolation-Policy), which it sends by itself with npm start.',
  },
} as const;
