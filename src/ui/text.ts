import type { InstanceKind, InstancePhase, StartMethod } from '../api/instance';
import type { ErrorCode } from '../base/errors';
import type { LabAction } from '../engine/instance-record';
import type { TaskState } from '../engine/tasks';
import { dialogText } from './text/dialogs';
import { dockText } from './text/dock';
import { fleetText } from './text/fleet';
import { unikernelText } from './text/unikernels';

/** Every word of the page, in one typed place: another language is another object of this type. */
export const text = {
  ...fleetText,
  dialogs: dialogText,
  dock: dockText,
  unikernels: unikernelText,

  /** What fails, or was done, without its view. */
  snapshots: {
    notDescribed: (name: string) => `Could not change the snapshot ${name}`,
    notDeleted: (name: string) => `Could not delete the snapshot ${name}`,
    notExported: (name: string) => `Could not export the snapshot ${name}`,
    notImported: (name: string) => `Could not import ${name}`,
    exporting: (name: string, size: string) => `Exporting ${name}: ${size} so far`,
  },
  networks: {
    removed: (name: string) => `The network ${name} is removed`,
    notRemoved: (name: string) => `Could not remove the network ${name}`,
    notCreated: (name: string) => `Could not make the network ${name}`,
    egressNotChanged: (network: string) => `Could not change what may leave ${network}`,
  },
  ports: {
    notPublished: (port: number, name: string) => `Could not publish port ${port} of ${name}`,
    taken: (port: number, name: string) => `Port ${port} of ${name} is not published any more`,
    notUnpublished: (port: number, name: string) => `Could not take port ${port} of ${name} back`,
    noNic: 'This machine has no network card, so nothing reaches it.',
    raw: {
      tab: (machine: string, port: number) => `${machine} tcp ${port}`,
      connected: (port: number) => `Connected to port ${port}. Ctrl+D ends what is sent, Ctrl+C the connection`,
      failed: (why: string) => `${why}. Enter tries again`,
      ended: 'The connection has ended. Enter connects again',
    },
  },

  notTaken: (file: string) => `${file} was not taken`,

  product: 'Strata',
  /** Of the tab: what is shown, the particular first. */
  title: (...shown: readonly string[]) => [...shown, text.product].join(' – '),
  tagline: 'A cloud in a browser tab',
  skip: 'Skip to the content',

  theme: {
    label: 'Colours',
    system: 'As the system',
    light: 'Light',
    dark: 'Dark',
    button: (now: string) => `Colours: ${now}. Change`,
  },

  list: {
    heading: 'Machines',
    empty: 'None yet',
    memory: (used: string, total: string) => `${used} of ${total}`,
  },

  create: {
    button: 'New VM',
    more: 'More kinds of VM',
    custom: { label: 'Choose…', detail: 'Name, memory, networks, disks, how many' },
    unikernel: { label: 'Unikernel…', detail: 'One program with its own network stack, in milliseconds' },
    app: { label: 'App…', detail: 'A program of WASI: a .wasm file with arguments, files and a terminal' },
    machine: { label: 'From a disk…', detail: 'An ISO, a hard disk or a floppy image of your own, as it is' },
    container: { label: 'Container…', detail: 'From an image, as docker run makes it' },
    first: 'Start a Linux VM',
    firstHeading: 'Your cloud is ready',
    firstBody:
      'A real Linux machine starts in this tab: its own kernel, its own memory, its own network card. Nothing is installed, nothing leaves your computer.',
    firstDetail: '64 MB of memory, at its prompt in about a second',
  },

  flavors: {
    small: { label: '32 MB', detail: 'The smallest that boots' },
    standard: { label: '64 MB', detail: 'The usual one' },
    medium: { label: '128 MB', detail: 'For larger programs' },
    large: { label: '256 MB', detail: 'For much larger ones' },
    containerHost: { label: 'Container host', detail: '128 MB, with the tools that run containers' },
    emulated: { label: 'Emulated devices', detail: '64 MB, with old hardware instead of virtio' },
  },

  phases: {
    created: 'Created',
    starting: 'Starting',
    running: 'Running',
    paused: 'Paused',
    stopping: 'Stopping',
    stopped: 'Stopped',
    failed: 'Failed',
  } satisfies Record<InstancePhase, string>,

  startMethods: {
    restored: 'Restored from a snapshot',
    'cold-boot': 'Booted cold',
    instantiated: 'Instantiated from its module',
  } satisfies Record<StartMethod, string>,

  actions: {
    start: 'Start',
    stop: 'Stop',
    kill: 'Kill',
    pause: 'Pause',
    resume: 'Resume',
    reset: 'Reset',
    remove: 'Remove',
    rename: 'Rename',
    snapshot: 'Snapshot',
    restore: 'Restore',
    clone: 'Clone',
    migrate: 'Migrate',
    recover: 'Bring back',
    import: 'Import',
    open: 'Open',
    save: 'Save',
    load: 'Load',
    pull: 'Pull',
  } satisfies Record<LabAction, string>,
  actionHints: {
    start: 'Start the machine',
    stop: 'Ask the guest to power off',
    kill: 'End the machine at once, as pulling the plug does',
    pause: 'Freeze the machine where it is',
    resume: 'Go on where it was frozen',
    reset: 'Boot it anew, as the reset button does',
    remove: 'Remove the machine',
    rename: 'Give the machine another name',
    snapshot: 'Keep the machine as it is now',
    restore: 'Put the machine back to a snapshot',
    clone: 'Make more machines like it',
    migrate: 'Move the running machine to another worker',
    recover: 'Go on where the machine was before the reload',
    import: 'Bring in a snapshot from a file',
    open: 'Open a scenario',
    save: 'Save the lab to a file',
    load: 'Bring in images from a file',
    pull: 'Fetch an image',
  } satisfies Record<LabAction, string>,
  /** Said of what happens to a machine right now. */
  busy: {
    start: 'Starting',
    stop: 'Stopping',
    kill: 'Ending',
    pause: 'Pausing',
    resume: 'Resuming',
    reset: 'Resetting',
    remove: 'Removing',
    rename: 'Renaming',
    snapshot: 'Taking a snapshot',
    restore: 'Restoring',
    clone: 'Cloning',
    migrate: 'Moving',
    recover: 'Coming back',
    import: 'Importing',
    open: 'Opening',
    save: 'Saving',
    load: 'Loading',
    pull: 'Pulling',
  } satisfies Record<LabAction, string>,
  actionsLabel: 'Machine',

  tasks: {
    heading: 'Tasks',
    none: 'No tasks yet',
    cancel: 'Cancel',
    undo: 'Undo',
    notCanceled: 'Could not cancel the task',
    show: 'Show tasks',
    hide: 'Hide tasks',
    running: (count: number) => (count === 1 ? '1 running' : `${count} running`),
    columns: { what: 'Task', state: 'State', phase: 'Phases', time: 'Time' },
    states: { running: 'Running', succeeded: 'Done', failed: 'Failed', canceled: 'Canceled' } satisfies Record<
      TaskState,
      string
    >,
    progress: (phase: string, done: string, total?: string) =>
      total === undefined ? `${phase}, ${done}` : `${phase}, ${done} of ${total}`,
    told: (action: LabAction, name: string, state: TaskState) =>
      `${text.actions[action]} ${name}: ${text.tasks.states[state].toLowerCase()}`,
  },

  figures: {
    cpu: 'CPU',
    memory: 'Memory',
    uptime: 'Uptime',
    network: 'Network',
    processes: 'Processes',
    unknown: '–',
    received: 'in',
    sent: 'out',
  },

  more: 'More',
  open: 'Open',
  shortcuts: 'Keyboard (?)',

  terminal: {
    label: (name: string) => `Terminal of ${name}`,
    touch: {
      label: 'Keys that the keyboard has not',
      keys: { ctrl: 'Ctrl', escape: 'Esc', tab: 'Tab', left: '←', up: '↑', down: '↓', right: '→' },
      names: {
        ctrl: 'Ctrl, for the next key',
        escape: 'Esc, the escape key',
        tab: 'Tab',
        left: 'Left',
        up: 'Up',
        down: 'Down',
        right: 'Right',
      },
    },
    leave: 'Ctrl+Shift+. leaves the terminal',
    leaveKeys: 'Control+Shift+.',
    copy: 'Copy',
    paste: 'Paste',
    search: 'Search',
    searchLabel: 'Search in the terminal',
    next: 'Next match',
    previous: 'Previous match',
    close: 'Close the search',
    nothing: 'No match',
    larger: 'Larger text',
    smaller: 'Smaller text',
    screenReader: 'Screen reader',
    screenReaderHint: 'Let a screen reader follow the output',
    skippedShort: (size: string) => `${size} skipped`,
    skipped: (size: string) => `${size} skipped: the guest printed faster than the page can show`,
    off: {
      created: 'The machine has not been started',
      stopped: 'The machine is off',
      failed: 'The machine has failed',
    },
    clipboardDenied: 'The browser does not let the page use the clipboard: press Ctrl+Shift+V to paste',
  },

  toasts: {
    label: 'Messages',
    dismiss: 'Dismiss',
    removed: (name: string) => `${name} is being removed`,
    failed: (action: LabAction, name: string) => `Could not ${text.actions[action].toLowerCase()} ${name}`,
    ended: (name: string) => `${name} has failed`,
    notCreated: (kind: InstanceKind) => `Could not make the ${kind === 'vm' ? 'VM' : kind}`,
    copied: 'Copied',
  },

  storage: {
    label: 'Storage',
    memory: 'Not saved. The browser gives this page no storage, so what it downloads is gone when the tab closes.',
    failed: 'The store could not be opened',
    lost: 'The store has ended: reload the page to start machines again',
    reason: (why: string) => `Reason: ${why}`,
    unreadable: (records: readonly string[]) =>
      `Left alone, as this version cannot read them: ${records.slice(0, 5).join(', ')}`,
  },

  hosts: {
    label: (opened: Date) => `Tab opened at ${opened.toLocaleTimeString()}`,
  },

  /** With advice, as `store/failure-words.ts` knows it. */
  damagedFile: (what: string) => `${what}. Copy the file again, whole, or save it anew where it comes from`,
  notFetched: (reason: string) =>
    `What it starts from is not in this browser, and ${reason}. Check the connection and try again. What is made available offline under Images starts without a network.`,
  notLoaded: 'Could not fetch a part of the page',
  newVersion: {
    label: 'New version',
    message:
      'A new version of Strata is here. It begins when you close all of its tabs, or now: what can be saved goes on.',
    begin: 'Begin now',
  },

  offlineLabel: 'Connection',
  offline: 'You are offline. What is here goes on; what was never fetched has to wait.',

  /** What to do next, when the message does not say it itself. */
  next: {
    NotFound: '',
    AlreadyExists: 'Choose another name.',
    InvalidArgument: '',
    FailedPrecondition: '',
    Unavailable: 'Check the connection and try again.',
    ResourceExhausted: 'Stop or remove a machine, or close other tabs, then try again.',
    Aborted: 'Try again.',
    DataLoss: 'Try again: damaged data is fetched anew.',
    Unimplemented: '',
    Canceled: '',
    Internal: 'Try again. If it fails once more, reload the page.',
  } satisfies Record<ErrorCode, string>,
};
