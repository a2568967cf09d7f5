import { formatBytes } from '../../base/bytes';

/** Words of what is kept for when there is no network. They come with the view of images. */
export const offlineText = {
  heading: 'Without a network',
  lead: 'The page itself opens without a network. What its machines, containers and unikernels start from can be kept as well; what was used once is kept already.',
  list: 'What can be made available offline',
  name: (kind: 'machines' | 'unikernel' | 'image', name: string) =>
    kind === 'machines' ? 'Machines, hosts for containers and networks' : name,
  kinds: { machines: 'Kernel, snapshots and programs', unikernel: 'Unikernel', image: 'Image' },
  size: (size: number, stored: number) =>
    stored === 0 || stored === size ? formatBytes(size) : `${formatBytes(size)}, ${formatBytes(stored)} of it here`,
  isKept: 'Available offline',
  keep: 'Make available offline',
  keepOf: (name: string, missing: number) => `Make available offline: ${name}, ${formatBytes(missing)}`,
  keeping: 'Fetching…',
  remove: 'Remove',
  removeOf: (name: string) => `Remove ${name} from what is available offline`,
  kept: (name: string) => `${name}: available offline`,
  removed: (name: string) => `${name}: no longer kept`,
  notRemoved: (name: string) => `${name} is still kept`,
  notAsked: 'What can be made available offline is not known',
} as const;
