/** Words about dialogs that stand outside of them, or in each. */
export const dialogText = {
  settings: 'Settings',
  cancel: 'Cancel',
  close: 'Close',

  migrate: {
    here: 'To a new worker of this tab',
    label: (host: string) => `To ${host}`,
  },

  /** Opens the palette. */
  commands: 'Commands',
} as const;
