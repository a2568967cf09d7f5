import type { HostConfig } from '../../api/container';
import type { ContainerId } from '../../api/container-host';
import type { OciIdMap, OciLinux } from '../../api/oci-runtime';
import { SandboxError } from '../../base/errors';
import type { StoredContainer } from './container-records';

/** Pids, in the host's pid space, of containers by what `container:` calls them. */
export type NamespacePids = ReadonlyMap<string, number>;

type Namespace = NonNullable<OciLinux['namespaces']>[number];

/** Where the ids of a user namespace begin outside; the first subordinate id that distributions give. */
const mapStart = 100_000;
const mapSize = 65_536;

/** Where the ids of a container's users begin on its host; undefined: they are the host's own. */
export function firstIdOf({ UsernsMode }: Pick<HostConfig, 'UsernsMode'>): number | undefined {
  return UsernsMode === 'private' ? mapStart : undefined;
}

/**
 * `--security-opt userns=private` as if it were `--userns private`, which docker's own client does not send: it knows of users
 * that the daemon keeps apart for all containers, or not.
 */
export function withUserNamespace<T extends Pick<HostConfig, 'UsernsMode' | 'SecurityOpt'>>(host: T): T {
  const wish = (host.SecurityOpt ?? []).findLast(isUserNamespace);
  if (wish === undefined) return host;
  const SecurityOpt = host.SecurityOpt?.filter((option) => !isUserNamespace(option)) ?? [];
  return { ...host, SecurityOpt, UsernsMode: wish.slice('userns='.length) };
}

function isUserNamespace(option: string): boolean {
  return /^userns[=:]/.test(option);
}

/** Whom `container:NAME` modes name: they have to run, on the same host. */
export function namespaceNeighbours({ host }: Pick<StoredContainer, 'host'>): readonly string[] {
  const modes = [host.NetworkMode, host.IpcMode, host.PidMode];
  return modes.flatMap((mode) => (mode?.startsWith('container:') ? [mode.slice('container:'.length)] : []));
}

/**
 * Whose `/dev/shm` a container has, in the place of one that nobody else can have. `InvalidArgument` in docker's words for that of a
 * container which keeps its own to itself.
 */
export function memoryOf(
  { id, host: { IpcMode = '' } }: Pick<StoredContainer, 'id' | 'host'>,
  pids: NamespacePids,
  find: (name: string) => Pick<StoredContainer, 'id' | 'host'>,
): ContainerId | undefined {
  if (IpcMode === 'shareable') return id;
  if (!IpcMode.startsWith('container:')) return undefined;
  const name = IpcMode.slice('container:'.length);
  // Why one that does not run cannot be joined is said for all namespaces alike.
  if (!pids.has(name)) return undefined;
  const donor = find(name);
  const seen = new Set([id]);
  for (let each = donor; !seen.has(each.id); ) {
    const { IpcMode: mode = '' } = each.host;
    if (mode === 'shareable') return each.id;
    if (mode === 'host') return undefined;
    if (!mode.startsWith('container:')) break;
    seen.add(each.id);
    each = find(mode.slice('container:'.length));
  }
  const message = `can't join IPC of container ${name}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`;
  throw new SandboxError('InvalidArgument', message);
}

/** The namespaces of a container: its own, the host's, or those of another. */
export function namespacesOf(
  { host }: Pick<StoredContainer, 'host'>,
  pids: NamespacePids,
): { readonly namespaces: readonly Namespace[]; readonly maps?: readonly OciIdMap[] } {
  const modes: readonly (readonly [type: string, file: string, mode: string | undefined])[] = [
    ['network', 'net', host.NetworkMode],
    ['ipc', 'ipc', host.IpcMode],
    ['pid', 'pid', host.PidMode],
    ['uts', 'uts', host.UTSMode],
    ['cgroup', 'cgroup', host.CgroupnsMode],
  ];
  const namespaces = modes.flatMap(([type, file, mode = '']): readonly Namespace[] => {
    if (mode === 'host') return [];
    if (!mode.startsWith('container:')) return [{ type }];
    const name = mode.slice('container:'.length);
    const pid = pids.get(name);
    if (pid === undefined) {
      const what = type === 'network' ? type : type.toUpperCase();
      throw new SandboxError('FailedPrecondition', `cannot join ${what} of a non running container: ${name}`);
    }
    return [{ type, path: `/proc/${pid}/ns/${file}` }];
  });
  const own: Namespace[] = [{ type: 'mount' }, ...namespaces];
  // Root inside is nobody outside. (Docker has this for the daemon as a whole; here a container can ask for it.)
  const hostID = firstIdOf(host);
  if (hostID === undefined) return { namespaces: own };
  const maps = [{ containerID: 0, hostID, size: mapSize }];
  return { namespaces: [...own, { type: 'user' }], maps };
}

/** `InvalidArgument` in docker's words for modes that there are not. */
export function checkModes({ host }: Pick<StoredContainer, 'host'>): void {
  const known: readonly (readonly [string, string | undefined, RegExp])[] = [
    ['IPC', host.IpcMode, /^(|none|private|shareable|host|container:.+)$/],
    ['PID', host.PidMode, /^(|private|host|container:.+)$/],
    ['UTS', host.UTSMode, /^(|private|host)$/],
    ['cgroup namespace', host.CgroupnsMode, /^(|private|host)$/],
    ['userns', host.UsernsMode, /^(|private|host)$/],
  ];
  for (const [what, mode = '', pattern] of known) {
    if (!pattern.test(mode)) throw new SandboxError('InvalidArgument', `invalid ${what} mode: ${mode}`);
  }
}
