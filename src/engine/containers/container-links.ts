import { SandboxError, toSandboxError } from '../../base/errors';
import type { ContainerEntry } from './container-book';
import { bridgeNetwork } from './container-networks';
import type { StoredContainer } from './container-records';

/** Another container, by its name or its id, and what it is called by who is linked to it. */
export interface ContainerLink {
  readonly container: string;
  readonly alias: string;
  /** Docker's name of the network on which it is looked for. */
  readonly network: string;
}

/** Those of `--link`, which are of the first network, and those that each network's settings have. */
export function linksOf({ host, endpoints }: Pick<StoredContainer, 'host' | 'endpoints'>): readonly ContainerLink[] {
  return endpoints.flatMap(({ network, settings }, at) =>
    [...(at === 0 ? (host.Links ?? []) : []), ...(settings.Links ?? [])].map((text) => ({
      ...parseLink(text),
      network,
    })),
  );
}

/**
 * `NAME[:ALIAS]`, or `/NAME:/OWN/ALIAS` as docker shows it (docker/cli, opts/opts.go, ParseLink). `InvalidArgument` in docker's
 * words.
 */
export function parseLink(text: string): Omit<ContainerLink, 'network'> {
  const [name = '', alias = name, ...others] = text.split(':');
  if (name === '' || alias === '' || others.length > 0) throw invalid(`bad format for links: ${text}`);
  return { container: name.replace(/^\//, ''), alias: alias.slice(alias.lastIndexOf('/') + 1) };
}

/**
 * Those on docker's own network have to be there when a container is made, and to run when it starts; on others they may come
 * later (moby, daemon/daemon_unix.go, registerLinks, and container_operations_unix.go, setupLinkedContainers). Errors in docker's
 * words; `InvalidArgument` for one that there is not, as what is not found is the image, which clients pull then.
 */
export function checkLinks(
  stored: Pick<StoredContainer, 'name' | 'host' | 'endpoints'>,
  when: 'made' | 'started',
  find: (name: string) => ContainerEntry,
): void {
  for (const { container, alias, network } of linksOf(stored)) {
    if (network !== bridgeNetwork) continue;
    const other = findLinked(container, find);
    if (when === 'made' || other.run) continue;
    const message = `Cannot link to a non running container: /${other.stored.name} AS /${stored.name}/${alias}`;
    throw new SandboxError('FailedPrecondition', message);
  }
}

function findLinked(container: string, find: (name: string) => ContainerEntry): ContainerEntry {
  try {
    return find(container);
  } catch (error) {
    throw invalid(`could not get container for ${container}: ${toSandboxError(error).message}`);
  }
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
