import type { SharedFolder } from '../../api/shared-folder';

/** Files that the page shows and changes: of the lab's shared folder, or of a guest. */
export type EditableFolder = Pick<
  SharedFolder,
  'changes' | 'list' | 'find' | 'read' | 'write' | 'makeDirectory' | 'rename' | 'remove'
>;
