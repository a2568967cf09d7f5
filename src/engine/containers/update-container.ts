import type { ContainerResources, RestartPolicy } from '../../api/container';
import { SandboxError } from '../../base/errors';
import type { ContainerBook, ContainerEntry } from './container-book';
import { cgroupLimits, checkResources, resourceWarnings } from './container-resources';
import { readRestartPolicy } from './restart-policy';

export interface UpdateOptions {
  readonly book: ContainerBook;
  readonly event: (entry: ContainerEntry, action: string) => void;
}

/** Changes the limits and the policy of a container, also while it runs. Errors in docker's words. */
export async function updateContainer(
  entry: ContainerEntry,
  { RestartPolicy, ...resources }: ContainerResources & { readonly RestartPolicy?: RestartPolicy },
  { book, event }: UpdateOptions,
): Promise<{ readonly Warnings: readonly string[] }> {
  const { host } = entry.stored;
  const given = Object.fromEntries(Object.entries(resources).filter(([, value]) => Boolean(value)));
  const changed = { ...host, ...given };
  if (given['Memory'] && !given['MemorySwap'] && host.MemorySwap && host.MemorySwap < Number(given['Memory'])) {
    throw new SandboxError(
      'FailedPrecondition',
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  checkResources(changed);
  const policy = RestartPolicy?.Name ? readRestartPolicy(RestartPolicy, host.AutoRemove ?? false) : host.RestartPolicy;
  if (Object.keys(given).length > 0) await entry.run?.host.update(entry.id, cgroupLimits(changed));
  await book.update(entry, { host: { ...changed, RestartPolicy: policy } });
  event(entry, 'update');
  return { Warnings: resourceWarnings(resources) };
}
