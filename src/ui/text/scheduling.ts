import type { PlacementReason } from '../../api/placement';
import { formatBytes } from '../../base/bytes';

function reasonOf(reason: PlacementReason): string {
  switch (reason.kind) {
    case 'neighbour':
      return `Shares namespaces with ${reason.container}, which is there`;
    case 'label':
      return `Its label ${reason.label} names this host`;
    case 'volumes':
      return `Its ${reason.volumes.length === 1 ? 'volume is' : 'volumes are'} there: ${reason.volumes.join(', ')}`;
    case 'only':
      return 'The only host that runs and can be on its networks';
    case 'memory':
      return `Most memory free: ${reason.free
        .toSorted((a, b) => b.bytes - a.bytes)
        .map(({ host, bytes }) => `${host} ${formatBytes(bytes)}`)
        .join(', ')}`;
    case 'started':
      return 'No host ran that would do; this one was there, and was started';
    case 'awaited':
      return 'No host ran that would do; this one was on its way already, and was waited for';
    case 'made':
      return 'There was no host that would do, so one was made';
  }
}

/** Words of the scheduling. They come with the view that shows them. */
export const schedulingText = {
  heading: 'Scheduling',
  about:
    'The engine decides once where a container belongs: what it shares with others, then what its user says, then its volumes, then the memory that is free. Its file system stays there.',
  reason: reasonOf,
  hosts: 'Hosts for containers',
  hostColumns: { name: 'Host', state: 'State', networks: 'Networks', containers: 'Containers', memory: 'Memory free' },
  of: (free: string, total: string) => `${free} of ${total}`,
  unknown: '–',
  noHosts: 'No host yet: the first container makes one.',
  decisions: 'Decisions',
  columns: { at: 'When', container: 'Container', host: 'Host', reason: 'Why' },
  noDecisions: 'Nothing has been placed yet.',
  gone: 'removed',
} as const;
