import type { Reservation } from '../api/network';

/** One name of a network and where it is. */
export interface HostEntry {
  readonly name: string;
  readonly address: string;
}

/**
 * The text of /etc/hosts (hosts(5)) for an instance called `name`: itself, and everybody on its networks by
 * name. Of a neighbour with several NICs the ones on shared networks are listed.
 */
export function hostsFile(name: string, own: readonly Reservation[], neighbours: readonly HostEntry[]): string {
  const lines = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    // Without a network a machine still knows itself.
    ...(own.length > 0 ? own.map(({ address }) => `${address}\t${name}`) : [`127.0.1.1\t${name}`]),
    ...neighbours.map((entry) => `${entry.address}\t${entry.name}`),
  ];
  return `${lines.join('\n')}\n`;
}
