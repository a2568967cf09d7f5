import type { ContainerHosts } from '../../api/container-host';
import type { ContainerEntry } from './container-book';

/** Bytes that it has written; 0 where its host does not run now. */
export async function ownBytes(entry: ContainerEntry, { hosts }: ContainerHosts): Promise<number> {
  const { placed } = entry.stored;
  const host = hosts.find((each) => each.name === placed);
  if (!host) return 0;
  return host.rootBytes(entry.id).catch(() => 0);
}
