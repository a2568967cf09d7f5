import type { ContainerHost, ContainerHosts } from '../../api/container-host';
import type { Operation } from '../../api/operation';

/** The label by which a user says where a container is to run. */
export const hostLabel = 'org.strata.host';

/**
 * The host for a container: the one that is named, else of those that run the one with the most memory free; without any,
 * the first, which is started.
 */
export async function chooseHost(
  hosts: ContainerHosts,
  named: string | undefined,
  operation?: Operation,
): Promise<ContainerHost> {
  const running = hosts.hosts.find(({ name }) => name === named);
  if (running) return running;
  const [first, ...others] = hosts.hosts;
  if (named !== undefined || !first) return hosts.open(named, operation);
  if (others.length === 0) return first;
  const free = await Promise.all(
    hosts.hosts.map(async (host) => ({
      host,
      bytes: await host.memory().then(
        ({ availableBytes }) => availableBytes,
        () => 0,
      ),
    })),
  );
  return free.reduce((best, each) => (each.bytes > best.bytes ? each : best)).host;
}
