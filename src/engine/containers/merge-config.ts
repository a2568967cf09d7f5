import type { ContainerConfig, DockerSet, HealthConfig } from '../../api/container';
import { SandboxError } from '../../base/errors';
import type { Healthcheck, RunConfig } from '../../formats/image-config';

/**
 * What a container runs: what the user says, and for the rest what its image says (moby, daemon/commit.go, merge). A command
 * of the user's does not replace the image's entrypoint, but an entrypoint of the user's makes the image's command void.
 */
export function mergeConfig({ Entrypoint: own, ...user }: ContainerConfig, image: RunConfig): ContainerConfig {
  const entrypointGiven = own !== undefined && own.length > 0;
  // One empty text is how clients say "none at all".
  const voided = own?.length === 1 && own[0] === '';
  const entrypoint = voided ? [] : entrypointGiven ? own : image.entrypoint;
  const command = user.Cmd?.length ? user.Cmd : entrypointGiven ? undefined : image.cmd;
  const health = mergeHealth(user.Healthcheck, image.healthcheck);
  const stopSignal = user.StopSignal || image.stopSignal;
  return {
    ...user,
    ...defined('User', user.User || image.user),
    ...defined('ExposedPorts', mergeSets(setOf(image.exposedPorts.map(withProtocol)), user.ExposedPorts)),
    Env: mergeEnv(image.env, user.Env ?? []),
    ...defined('Cmd', command),
    ...defined('Entrypoint', entrypoint?.length ? entrypoint : undefined),
    ...defined('WorkingDir', user.WorkingDir || image.workingDir),
    ...defined('Volumes', mergeSets(setOf(image.volumes), user.Volumes)),
    Labels: { ...image.labels, ...user.Labels },
    ...defined('Healthcheck', health),
    ...defined('StopSignal', stopSignal),
    ...defined('Shell', user.Shell?.length ? user.Shell : image.shell),
  };
}

/** What is run: entrypoint and command. `InvalidArgument` in docker's words when there is neither. */
export function commandOf({ Entrypoint = [], Cmd = [] }: ContainerConfig): readonly string[] {
  const argv = [...Entrypoint, ...Cmd];
  if (argv.length === 0) throw new SandboxError('InvalidArgument', 'no command specified');
  return argv;
}

/** Variables of the image, those of the user in their place. A name without a value takes the variable away. */
export function mergeEnv(image: readonly string[], user: readonly string[]): readonly string[] {
  const merged = new Map(image.map((entry) => [nameOf(entry), entry]));
  for (const entry of user) {
    if (entry.includes('=')) merged.set(nameOf(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}

function mergeHealth(user: HealthConfig | undefined, image: Healthcheck | undefined): HealthConfig | undefined {
  const below: HealthConfig | undefined = image && {
    Test: image.test,
    ...defined('Interval', image.interval),
    ...defined('Timeout', image.timeout),
    ...defined('StartPeriod', image.startPeriod),
    ...defined('StartInterval', image.startInterval),
    ...defined('Retries', image.retries),
  };
  if (!user) return below;
  const given = Object.fromEntries(
    Object.entries(user).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : Boolean(value))),
  );
  return { ...below, ...given };
}

function mergeSets(below: DockerSet | undefined, above: DockerSet | undefined): DockerSet | undefined {
  return below || above ? { ...below, ...above } : undefined;
}

function setOf(names: readonly string[]): DockerSet | undefined {
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, {}]));
}

function withProtocol(port: string): string {
  return port.includes('/') ? port : `${port}/tcp`;
}

function nameOf(entry: string): string {
  return entry.slice(0, entry.includes('=') ? entry.indexOf('=') : undefined);
}

/** The field when it has a value: who shows a config fills in what is not there. */
function defined<Key extends string, T>(key: Key, value: T | undefined): { readonly [K in Key]?: T } {
  if (value === undefined) return {};
  return { [key]: value } as { readonly [K in Key]?: T };
}
