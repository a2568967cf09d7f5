import { describe, expect, it } from 'vitest';
import type { HostConfig } from '../../api/container';
import { allCapabilities, chooseCapabilities } from './capabilities';
import type { StoredContainer } from './container-records';
import { containerSpec } from './container-spec';
import { readonlyPaths } from './hidden-paths';

const id = 'c'.repeat(64);

/** What the host is told of a container with such settings. */
function toldOf(host: HostConfig) {
  const digest = `sha256:${'a'.repeat(64)}` as const;
  const stored: StoredContainer = {
    id,
    name: 'box',
    createdAt: 0,
    image: { digest, name: 'booted:1', layers: [digest] },
    config: { Image: 'booted:1', Cmd: ['init'] },
    host: { ...host, RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } },
    mounts: [],
    endpoints: [],
    state: {
      status: 'created',
      exitCode: 0,
      error: '',
      oomKilled: false,
      pid: 0,
      stopped: false,
      restarts: 0,
    },
  };
  const { config, volatile } = containerSpec(stored, {
    user: { user: { uid: 0, gid: 0, additionalGids: [] }, home: '/root' },
    nics: [],
    pids: new Map(),
    files: { addresses: [], nameServer: undefined, domain: undefined },
  });
  const groups = config.mounts?.find(({ type }) => type === 'cgroup')?.options ?? [];
  return {
    bounding: config.process?.capabilities?.bounding,
    groups: groups.filter((option) => option === 'ro' || option === 'rw'),
    sealed: config.linux?.readonlyPaths,
    ...(volatile && { volatile }),
    ownUsers: config.linux?.namespaces?.some(({ type }) => type === 'user'),
  };
}

const usual = chooseCapabilities({ add: [], drop: [], privileged: false });

describe('what a container may do', () => {
  it('is everything for a system container, in a user namespace of its own', () => {
    expect(toldOf({ Runtime: 'system', UsernsMode: 'private' })).toEqual({
      bounding: allCapabilities,
      groups: ['rw'],
      sealed: [],
      ownUsers: true,
    });
  });

  it.each<[string, HostConfig]>([
    ['a system container with the users of its host', { Runtime: 'system', UsernsMode: 'host' }],
    ['another with the users of its host', {}],
  ])('is what docker leaves to %s', (_, host) => {
    expect(toldOf(host)).toEqual({ bounding: usual, groups: ['ro'], sealed: readonlyPaths, ownUsers: false });
  });

  it('is no more than docker leaves for other containers with users of their own', () => {
    expect(toldOf({ UsernsMode: 'private' })).toEqual({
      bounding: usual,
      groups: ['ro'],
      sealed: readonlyPaths,
      ownUsers: true,
    });
  });

  it('is everything with the users of the host where all rights were asked for', () => {
    expect(toldOf({ Runtime: 'system', UsernsMode: 'host', Privileged: true })).toMatchObject({
      bounding: allCapabilities,
      groups: ['rw'],
      ownUsers: false,
    });
  });

  it('does not sync what goes with its end', () => {
    expect(toldOf({ AutoRemove: true })).toMatchObject({ volatile: true });
    expect(toldOf({ AutoRemove: false })).not.toHaveProperty('volatile');
  });
});
