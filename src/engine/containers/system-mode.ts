import type { ContainerConfig, ContainerCreateBody, HostConfig } from '../../api/container';
import { SandboxError } from '../../base/errors';
import { firstIdOf } from './namespaces';

/** Names that `--runtime` takes. */
export const usualRuntime = 'strata-oci';
export const unikernelRuntime = 'strata-tender';
const systemRuntime = 'system';

/** What runs the containers of each. */
export const runtimes: Readonly<Record<string, string>> = {
  [usualRuntime]: usualRuntime,
  [systemRuntime]: usualRuntime,
  [unikernelRuntime]: unikernelRuntime,
};

/** What tells an init to end all that it has started, and then itself (LXD's; busybox init, sysvinit and systemd know it). */
const powerFailure = 'SIGPWR';

/**
 * A system container, in the manner of LXD: an init of the image's own is the first process, and what it supervises lives
 * and ends with it. What it may is another question: {@link isConfinedSystem}.
 */
export function isSystem({ Runtime }: Pick<HostConfig, 'Runtime'>): boolean {
  return Runtime === systemRuntime;
}

/**
 * A system container whose users are nobody outside, which is what it is unless `--userns host` or `--privileged` were asked
 * for: it has all rights in its user namespace. With the host's users the same rights would be the host's.
 */
export function isConfinedSystem(host: Pick<HostConfig, 'Runtime' | 'UsernsMode'>): boolean {
  return isSystem(host) && firstIdOf(host) !== undefined;
}

/** The body with what a system container is unless the user says otherwise. `InvalidArgument` for what contradicts it. */
export function systemBody(body: ContainerCreateBody): ContainerCreateBody {
  const { HostConfig: host = {}, Entrypoint = [], Cmd = [] } = body;
  if (host.Init) throw new SandboxError('InvalidArgument', 'conflicting options: --init and --runtime system');
  const isCommandGiven = Entrypoint.length > 0 || Cmd.length > 0;
  return {
    ...body,
    // The image's own command is for when it is an application.
    ...(!isCommandGiven && { Entrypoint: ['init'] }),
    HostConfig: { ...host, UsernsMode: host.UsernsMode || (host.Privileged ? 'host' : 'private') },
  };
}

/** What its image may have said already. */
export function systemConfig(config: ContainerConfig): ContainerConfig {
  return { ...config, StopSignal: config.StopSignal || powerFailure };
}
