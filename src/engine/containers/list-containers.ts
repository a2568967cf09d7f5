import type { Filters } from '../../api/container-event';
import { SandboxError } from '../../base/errors';
import { attachedEndpoints } from './attached-networks';
import type { ContainerBook, ContainerEntry } from './container-book';
import { checkFilters, labelsMatch, nameMatches, oneOf } from './match-filters';
import { parsePort, portKey } from './port-spec';

const keys = [
  'ancestor',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'isolation',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
];

export interface ListOptions {
  readonly all?: boolean;
  readonly limit?: number;
  readonly filters?: Filters;
}

/** Which containers are meant, newest first (moby, daemon/list.go). `InvalidArgument` for filters that there are not. */
export function listContainers(
  book: ContainerBook,
  { all = false, limit = 0, filters = {} }: ListOptions,
): readonly ContainerEntry[] {
  checkFilters(filters, keys);
  const statuses = filters['status'] ?? [];
  const unknown = statuses.find((status) => !known.has(status));
  if (unknown !== undefined) {
    throw new SandboxError('InvalidArgument', `invalid filter 'status=${unknown}'`);
  }
  const wrong = filters['exited']?.find((code) => !/^[+-]?\d+$/.test(code));
  if (wrong !== undefined) throw new SandboxError('InvalidArgument', `invalid filter 'exited=${wrong}'`);
  // What asks for a state, or for so many, asks for all.
  const everyone = all || limit > 0 || statuses.length > 0 || (filters['exited']?.length ?? 0) > 0;
  const bounds = ['before', 'since'].map((key) => {
    const [reference] = filters[key] ?? [];
    return reference === undefined ? undefined : book.find(reference).stored.createdAt;
  });
  const [before, since] = bounds;
  const found = book
    .entries()
    .filter((entry) => {
      const { createdAt, state } = entry.stored;
      if (!everyone && state.status !== 'running' && state.status !== 'paused' && state.status !== 'restarting')
        return false;
      if (before !== undefined && createdAt >= before) return false;
      return (since === undefined || createdAt > since) && fits(entry, filters);
    })
    .reverse();
  return limit > 0 ? found.slice(0, limit) : found;
}

const known: ReadonlySet<string> = new Set('created running paused restarting removing exited dead'.split(' '));

function fits({ id, stored, health }: ContainerEntry, filters: Filters): boolean {
  const { name, image, config, state, mounts, host } = stored;
  const exited = filters['exited'] ?? [];
  return (
    nameMatches(filters['name'], name) &&
    (!filters['id']?.length || filters['id'].some((prefix) => id.startsWith(prefix))) &&
    labelsMatch(filters['label'], config.Labels ?? {}) &&
    oneOf(filters['status'], state.status) &&
    (exited.length === 0 || (state.status === 'exited' && exited.includes(String(state.exitCode)))) &&
    oneOf(filters['health'], health?.Status ?? 'none') &&
    oneOf(filters['ancestor'], ...ancestorNames(image.name, image.digest)) &&
    oneOf(filters['network'], ...attachedEndpoints(stored).map(({ network }) => network)) &&
    oneOf(
      filters['volume'],
      ...mounts.flatMap((mount) => (mount.kind === 'volume' ? [mount.volume, mount.target] : [mount.target])),
    ) &&
    oneOf(filters['is-task'], 'false') &&
    ports(filters['expose'], Object.keys(config.ExposedPorts ?? {})) &&
    ports(filters['publish'], Object.keys(host.PortBindings ?? {}))
  );
}

function ancestorNames(name: string, digest: string): readonly string[] {
  const tagged = /:[^/]*$/.test(name) ? name : `${name}:latest`;
  return [name, tagged, tagged.replace(/:[^/]*$/, ''), digest, digest.slice('sha256:'.length), digest.slice(7, 19)];
}

function ports(wanted: readonly string[] | undefined, given: readonly string[]): boolean {
  return oneOf(
    wanted?.map((text) => portKey(parsePort(text))),
    ...given.map((text) => portKey(parsePort(text))),
  );
}
