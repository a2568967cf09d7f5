import { text } from './text';

/** A shortcut as it is listed; what it does is with those who listen. */
export interface Shortcut {
  readonly keys: string;
  readonly what: string;
}

/** Everything the help shows, in groups. */
export const shortcutGroups: readonly { readonly heading: string; readonly shortcuts: readonly Shortcut[] }[] = [
  {
    heading: text.dialogs.help.groups.page,
    shortcuts: [
      { keys: 'Ctrl+K', what: 'Commands: everything by its name' },
      { keys: 'Ctrl+`', what: 'Show or hide the terminals' },
      { keys: '?', what: 'This help' },
      { keys: 'N', what: 'New virtual machine, with all choices' },
      { keys: 'T', what: 'Show or hide the tasks' },
      { keys: '1 to 8', what: 'Overview, machines, networks, snapshots, images, volumes, files, containers' },
      { keys: 'Escape', what: 'Close a menu or a dialog' },
    ],
  },
  {
    heading: text.dialogs.help.groups.lists,
    shortcuts: [
      { keys: '↑ ↓ Home End', what: 'Move' },
      { keys: 'Shift+F10', what: 'The menu of what is focused' },
      { keys: 'Space', what: 'Select a machine for a common action' },
      { keys: '→ ←', what: 'Open and close in the tree' },
    ],
  },
  {
    heading: text.dialogs.help.groups.terminals,
    shortcuts: [
      { keys: 'Ctrl+Shift+.', what: 'Leave the terminal, to its tab; or a screen' },
      { keys: 'Ctrl+Shift+C, V', what: 'Copy and paste' },
      { keys: '← → on a tab', what: 'The next terminal' },
      { keys: 'F2, Delete on a tab', what: 'Rename, close' },
      { keys: '↑ ↓ ← → on a divider', what: 'Resize' },
    ],
  },
];

/** What a key means to the page, where neither a terminal nor a field has it. */
export type PageKey =
  | 'palette'
  | 'terminals'
  | 'help'
  | 'new-vm'
  | 'tasks'
  | 'view-1'
  | 'view-2'
  | 'view-3'
  | 'view-4'
  | 'view-5'
  | 'view-6'
  | 'view-7'
  | 'view-8';

const single: Readonly<Record<string, PageKey>> = {
  '?': 'help',
  n: 'new-vm',
  t: 'tasks',
  '1': 'view-1',
  '2': 'view-2',
  '3': 'view-3',
  '4': 'view-4',
  '5': 'view-5',
  '6': 'view-6',
  '7': 'view-7',
  '8': 'view-8',
};

/** The meaning of a key press, or undefined. Single keys can be turned off (WCAG 2.1.4). */
export function pageKey(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>,
  singleKeys: boolean,
): PageKey | undefined {
  const { key, ctrlKey, metaKey, altKey } = event;
  if (altKey) return undefined;
  if (ctrlKey || metaKey) {
    if (key.toLowerCase() === 'k') return 'palette';
    return key === '`' ? 'terminals' : undefined;
  }
  return singleKeys && Object.hasOwn(single, key) ? single[key] : undefined;
}
