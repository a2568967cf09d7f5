import type { ContainerConfig, DockerSet } from '../../api/container';
import { SandboxError } from '../../base/errors';
import { parseTrigger } from '../../formats/dockerfile/parse-dockerfile';
import type { Healthcheck, RunConfig } from '../../formats/image-config';
import { absolutePath } from '../builds/copy-spec';
import { applyConfig, expander, scratchState } from '../builds/stage-state';
import { mergeEnv } from './merge-config';

/** What an image of a container runs: what the container did, changed as `docker commit --change` says. */
export function committedConfig(config: ContainerConfig, changes: readonly string[]): RunConfig {
  const { Healthcheck: health } = config;
  const run: RunConfig = {
    ...(config.User && { user: config.User }),
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    env: config.Env ?? [],
    ...(config.Entrypoint && { entrypoint: config.Entrypoint }),
    ...(config.Cmd && { cmd: config.Cmd }),
    volumes: Object.keys(config.Volumes ?? {}),
    ...(config.WorkingDir && { workingDir: config.WorkingDir }),
    labels: config.Labels ?? {},
    ...(config.StopSignal && { stopSignal: config.StopSignal }),
    ...(health && { healthcheck: healthOf(health) }),
    ...(config.Shell && { shell: config.Shell }),
    onBuild: config.OnBuild ?? [],
  };
  return changedRun(run, changes);
}

const changeable = new Set(
  'cmd entrypoint env expose healthcheck label onbuild stopsignal user volume workdir'.split(' '),
);

const instructions = new Set([...changeable, ...'add arg copy from maintainer run shell'.split(' ')]);

/** What `--change` of commit and import makes of it: instructions of a Dockerfile, one a line. */
export function changedRun(run: RunConfig, changes: readonly string[]): RunConfig {
  return changes.filter((line) => line.trim() !== '').reduce((changed, line) => applyChange(changed, line), run);
}

function applyChange(run: RunConfig, line: string): RunConfig {
  const [word = ''] = line.trim().toLowerCase().split(/\s/, 1);
  const wrong = (): SandboxError => new SandboxError('InvalidArgument', `${word} is not a valid change command`);
  // Before it is read: some of these are no instruction of an image that is there.
  if (instructions.has(word) && !changeable.has(word)) throw wrong();
  const instruction = parseTrigger(line);
  const { is } = instruction;
  if (is === 'run' || is === 'copy' || is === 'add') throw wrong();
  const state = { ...scratchState(guestPlatform), run };
  if (is !== 'workdir') return applyConfig(state, instruction, scope).run;
  const value = expander(state, scope)(instruction.value).text;
  return { ...run, workingDir: absolutePath(run.workingDir || '/', value).replace(/(.)\/$/, '$1') };
}

const guestPlatform = { os: 'linux', architecture: '386' };
const scope = { escapeToken: '\\', buildArgs: {}, globals: new Map<string, string>() };

function healthOf(health: NonNullable<ContainerConfig['Healthcheck']>): Healthcheck {
  return {
    test: health.Test ?? [],
    ...(health.Interval && { interval: health.Interval }),
    ...(health.Timeout && { timeout: health.Timeout }),
    ...(health.StartPeriod && { startPeriod: health.StartPeriod }),
    ...(health.StartInterval && { startInterval: health.StartInterval }),
    ...(health.Retries && { retries: health.Retries }),
  };
}

/** What `docker commit` clients send along, over what the container has. */
export function overConfig(config: ContainerConfig, given: Partial<ContainerConfig> | undefined): ContainerConfig {
  if (!given) return config;
  const merged = { ...config, ...given };
  const sets: Readonly<Record<string, DockerSet>> = {
    ExposedPorts: { ...config.ExposedPorts, ...given.ExposedPorts },
    Volumes: { ...config.Volumes, ...given.Volumes },
  };
  return {
    ...merged,
    ...sets,
    Env: mergeEnv(config.Env ?? [], given.Env ?? []),
    Labels: { ...config.Labels, ...given.Labels },
  };
}
