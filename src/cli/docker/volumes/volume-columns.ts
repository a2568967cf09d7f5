import type { ContainerVolume } from '../../../api/container-volume';
import type { Column } from '../../format/format-rows';
import { humanSize } from '../../format/units';
import { labelText } from '../containers/container-columns';

/** What templates of `docker volume ls` and `system df -v` can say of a volume. */
export const volumeColumns: readonly Column<ContainerVolume>[] = [
  { name: 'Name', header: 'VOLUME NAME', value: ({ Name }) => Name },
  { name: 'Driver', header: 'DRIVER', value: ({ Driver }) => Driver },
  { name: 'Scope', header: 'SCOPE', value: ({ Scope }) => Scope },
  { name: 'Mountpoint', header: 'MOUNTPOINT', value: ({ Mountpoint }) => Mountpoint },
  { name: 'Labels', header: 'LABELS', value: ({ Labels }) => labelText(Labels) },
  { name: 'Links', header: 'LINKS', value: ({ UsageData }) => (UsageData ? String(UsageData.RefCount) : 'N/A') },
  { name: 'Size', header: 'SIZE', value: ({ UsageData }) => (UsageData ? humanSize(UsageData.Size) : 'N/A') },
  { name: 'Status', header: 'STATUS', value: () => 'N/A' },
  { name: 'Availability', header: 'AVAILABILITY', value: () => 'N/A' },
  { name: 'Group', header: 'GROUP', value: () => 'N/A' },
  {
    name: 'Label',
    header: 'LABEL',
    method: true,
    value:
      ({ Labels }) =>
      (name: string) =>
        Labels?.[name] ?? '',
  },
];
