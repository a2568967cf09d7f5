import type { NetworkInspect } from '../../../api/container-network';
import type { Column } from '../../format/format-rows';
import { goTime, shortId } from '../../format/units';
import { labelText } from '../containers/container-columns';

/** What templates of `docker network ls` can say of a network. */
export function networkColumns(whole: boolean): readonly Column<NetworkInspect>[] {
  return [
    { name: 'ID', header: 'NETWORK ID', value: ({ Id }) => (whole ? Id : shortId(Id)) },
    { name: 'Name', header: 'NAME', value: ({ Name }) => Name },
    { name: 'Driver', header: 'DRIVER', value: ({ Driver }) => Driver },
    { name: 'Scope', header: 'SCOPE', value: ({ Scope }) => Scope },
    { name: 'IPv6', header: 'IPV6', value: ({ EnableIPv6 }) => String(EnableIPv6) },
    { name: 'IPv4', header: 'IPV4', value: () => 'true' },
    { name: 'Internal', header: 'INTERNAL', value: ({ Internal }) => String(Internal) },
    { name: 'Labels', header: 'LABELS', value: ({ Labels }) => labelText(Labels) },
    { name: 'CreatedAt', header: 'CREATED AT', value: ({ Created }) => goTime(Created) },
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
}
