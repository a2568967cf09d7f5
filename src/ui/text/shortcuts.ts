import { formText } from './forms';

/** A shortcut as it is listed; what it does is with those who listen. */
interface Shortcut {
  readonly keys: string;
  readonly what: string;
}

/** Everything the help shows, in groups. */
export const shortcutGroups: readonly { readonly heading: string; readonly shortcuts: readonly Shortcut[] }[] = [
  {
    heading: formText.help.groups.page,
    shortcuts: [
      { keys: 'Ctrl+K', what: 'Commands: everything by its name' },
      { keys: 'Ctrl+`', what: 'Show or hide the terminals' },
      { keys: 'Ctrl+Z', what: 'Undo, while the message that offers it stands' },
      { keys: '?', what: 'This help' },
      { keys: 'N', what: 'New virtual machine, with all choices' },
      { keys: 'T', what: 'Show or hide the tasks' },
      { keys: '0', what: 'Overview' },
      { keys: '1 to 7', what: 'The stratum of that number; again for its next view' },
      { keys: 'Escape', what: 'Close a menu or a dialog' },
    ],
  },
  {
    heading: formText.help.groups.lists,
    shortcuts: [
      { keys: '↑ ↓ Home End', what: 'Move' },
      { keys: 'Shift+F10', what: 'The menu of what is focused' },
      { keys: 'Space', what: 'Select a machine for a common action' },
      { keys: '→ ←', what: 'Open and close in the tree' },
      { keys: 'Shift+↑ ↓ ← →, L', what: 'In the topology: place a node, show its traffic' },
    ],
  },
  {
    heading: formText.help.groups.terminals,
    shortcuts: [
      { keys: 'Ctrl+Shift+.', what: 'Leave the terminal, to its tab; or a screen' },
      { keys: 'Ctrl+Shift+C, V', what: 'Copy and paste' },
      { keys: '← → on a tab', what: 'The next terminal' },
      { keys: 'F2, Delete on a tab', what: 'Rename, close' },
      { keys: '↑ ↓ ← → on a divider', what: 'Resize' },
    ],
  },
];
