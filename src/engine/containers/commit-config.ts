import type { ContainerConfig, DockerSet } from '../../api/container';
import { SandboxError } from '../../base/errors';
import { parseExposedPorts } from '../../formats/dockerfile/expose-ports';
import type { CommandLine, StageInstruction } from '../../formats/dockerfile/instruction';
import { parseTrigger } from '../../formats/dockerfile/parse-dockerfile';
import type { Healthcheck, RunConfig } from '../../formats/image-config';
import { mergeEnv } from './merge-config';

const usualShell = ['/bin/sh', '-c'];

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
  return changes
    .filter((line) => line.trim() !== '')
    .reduce((changed, line) => applyChange(changed, parseTrigger(line)), run);
}

function applyChange(run: RunConfig, instruction: StageInstruction): RunConfig {
  switch (instruction.is) {
    case 'cmd':
      return { ...run, cmd: argvOf(instruction.command, run) };
    case 'entrypoint':
      return { ...run, entrypoint: argvOf(instruction.command, run) };
    case 'env':
      return {
        ...run,
        env: mergeEnv(
          run.env,
          instruction.pairs.map(({ name, value }) => `${name}=${value}`),
        ),
      };
    case 'label':
      return {
        ...run,
        labels: { ...run.labels, ...Object.fromEntries(instruction.pairs.map(({ name, value }) => [name, value])) },
      };
    case 'expose':
      return {
        ...run,
        exposedPorts: [...new Set([...run.exposedPorts, ...instruction.ports.flatMap(parseExposedPorts)])],
      };
    case 'volume':
      return { ...run, volumes: [...new Set([...run.volumes, ...instruction.paths])] };
    case 'user':
      return { ...run, user: instruction.value };
    case 'workdir': {
      const { value } = instruction;
      return { ...run, workingDir: value.startsWith('/') ? value : `${run.workingDir ?? ''}/${value}` };
    }
    case 'stopsignal':
      return { ...run, stopSignal: instruction.value };
    case 'onbuild':
      return { ...run, onBuild: [...run.onBuild, instruction.expression] };
    default:
      throw new SandboxError('InvalidArgument', `${instruction.is} is not a valid change command`);
  }
}

function argvOf(command: CommandLine, { shell = usualShell }: RunConfig): readonly string[] {
  return command.form === 'exec' ? command.argv : [...shell, command.text];
}

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
