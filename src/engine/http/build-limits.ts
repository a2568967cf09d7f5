import type { BuildLimits } from '../../api/build';
import type { ContainerResources, Ulimit } from '../../api/container';
import { SandboxError } from '../../base/errors';
import { checkResources } from '../containers/container-resources';
import type { Query } from './query';

/**
 * What a build's processes may have, of the query; undefined: nothing is said of it. `InvalidArgument` and `Unimplemented` for
 * what cannot be had, in moby's words where it has some (api/server/router/build/build_routes.go).
 */
export function buildLimits(query: Query): BuildLimits | undefined {
  refuseOthers(query);
  const resources: ContainerResources = {
    ...number(query, 'memory', 'Memory'),
    ...number(query, 'memswap', 'MemorySwap'),
    ...number(query, 'cpushares', 'CpuShares'),
    ...number(query, 'cpuperiod', 'CpuPeriod'),
    ...number(query, 'cpuquota', 'CpuQuota'),
    ...text(query, 'cpusetcpus', 'CpusetCpus'),
    ...text(query, 'cpusetmems', 'CpusetMems'),
    ...ulimits(query),
  };
  checkResources(resources);
  const extraHosts = query.texts('extrahosts');
  const shmSize = query.integer('shmsize');
  if (shmSize !== undefined && shmSize < 0)
    throw new SandboxError('InvalidArgument', 'SHM size can not be less than 0');
  if (Object.keys(resources).length === 0 && extraHosts.length === 0 && !shmSize) return undefined;
  return { resources, extraHosts, ...(shmSize && { shmSize }) };
}

function refuseOthers(query: Query): void {
  const isolation = query.text('isolation');
  if (isolation !== undefined && isolation !== 'default') {
    throw new SandboxError('InvalidArgument', `unsupported isolation: ${JSON.stringify(isolation)}`);
  }
  if (query.texts('securityopt').length > 0) {
    throw new SandboxError('InvalidArgument', 'security options are not supported on linux');
  }
  if (query.text('cgroupparent') !== undefined) {
    throw new SandboxError('Unimplemented', 'Builds have cgroups of their own here: leave out --cgroup-parent');
  }
}

/** Clients send 0 for what is not asked for. */
function number(query: Query, name: string, key: keyof ContainerResources): ContainerResources {
  const value = query.integer(name) ?? 0;
  return value === 0 ? {} : { [key]: value };
}

function text(query: Query, name: string, key: keyof ContainerResources): ContainerResources {
  const value = query.text(name);
  return value === undefined ? {} : { [key]: value };
}

function ulimits(query: Query): ContainerResources {
  const given = query.text('ulimits');
  if (given === undefined) return {};
  try {
    const list = JSON.parse(given) as readonly Ulimit[] | null;
    if (list === null) return {};
    if (Array.isArray(list) && list.every(isUlimit)) return list.length > 0 ? { Ulimits: list } : {};
  } catch {
    // Told below.
  }
  throw new SandboxError('InvalidArgument', 'error reading ulimit settings');
}

function isUlimit(value: Partial<Ulimit> | null): value is Ulimit {
  return typeof value?.Name === 'string' && Number.isInteger(value.Soft) && Number.isInteger(value.Hard);
}
