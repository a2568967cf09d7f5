import type { InstancePhase, StartMethod } from '../api/instance';
import type { ErrorCode } from '../base/errors';
import type { LabAction } from '../engine/lab';
import type { TaskState } from '../engine/tasks';

/** Every word of the page, in one typed place: another language is another object of this type. */
export const text = {
  product: 'Strata',
  tagline: 'A cloud in a browser tab',
  stratum: { number: '2', name: 'Virtual infrastructure' },
  skip: 'Skip to the machine',

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
    toggle: (count: number) => `Machines (${count})`,
    memory: (used: string, total: string) => `${used} of ${total}`,
  },

  create: {
    button: 'New VM',
    more: 'More kinds of VM',
    menu: 'Kinds of VM',
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
  removing: 'Removing',

  startMethods: { restored: 'Restored from a snapshot', 'cold-boot': 'Booted cold' } satisfies Record<
    StartMethod,
    string
  >,

  actions: {
    start: 'Start',
    stop: 'Stop',
    kill: 'Kill',
    pause: 'Pause',
    resume: 'Resume',
    reset: 'Reset',
    remove: 'Remove',
  } satisfies Record<LabAction, string>,
  actionHints: {
    start: 'Start the machine',
    stop: 'Ask the guest to power off',
    kill: 'End the machine at once, as pulling the plug does',
    pause: 'Freeze the machine where it is',
    resume: 'Go on where it was frozen',
    reset: 'Boot it anew, as the reset button does',
    remove: 'Remove the machine',
  } satisfies Record<LabAction, string>,
  actionsLabel: 'Machine',

  tasks: {
    heading: 'Tasks',
    none: 'No tasks yet',
    cancel: 'Cancel',
    undo: 'Undo',
    show: 'Show tasks',
    hide: 'Hide tasks',
    running: (count: number) => (count === 1 ? '1 running' : `${count} running`),
    columns: { what: 'Task', state: 'State', phase: 'Phases', time: 'Time' },
    title: {
      start: 'Start',
      stop: 'Stop',
      kill: 'Kill',
      pause: 'Pause',
      resume: 'Resume',
      reset: 'Reset',
      remove: 'Remove',
    } satisfies Record<LabAction, string>,
    states: { running: 'Running', succeeded: 'Done', failed: 'Failed', canceled: 'Canceled' } satisfies Record<
      TaskState,
      string
    >,
    told: (action: LabAction, name: string, state: TaskState) =>
      `${text.tasks.title[action]} ${name}: ${text.tasks.states[state].toLowerCase()}`,
  },

  tabs: { label: 'Views of the machine', terminal: 'Terminal', log: 'Start log' },

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

  log: {
    heading: 'How it started',
    none: 'It has not been started yet',
    console: 'What the console printed',
    empty: 'Nothing yet',
    skipped: (size: string) => `${size} skipped`,
    at: 'At',
    took: 'Took',
    step: 'Step',
  },

  terminal: {
    label: (name: string) => `Terminal of ${name}`,
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
    notCreated: 'Could not make the VM',
  },

  storage: {
    label: 'Storage',
    memory: 'Not saved. The browser gives this page no storage, so what it downloads is gone when the tab closes.',
    failed: 'The store could not be opened',
    lost: 'The store has ended: reload the page to start machines again',
    reason: (why: string) => `Reason: ${why}`,
  },

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
