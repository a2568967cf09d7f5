import type { EngineInfo } from '../../../api/container-system';
import { printObject } from '../../format/print-object';
import { memorySize } from '../../format/units';
import { text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { plainFormat } from '../format-usage';
import { clientVersion } from './version';

export const info = docker({
  spellings: ['system info', 'info'],
  summary: 'Display system-wide information',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { format: text(plainFormat, { short: 'f' }) },
  async run({ flags }, { engine, io }) {
    const engineInfo = await engine.json<EngineInfo>('GET', '/info');
    if (flags.format !== '') {
      await io.stdout.write(printObject(engineInfo, flags.format));
      return 0;
    }
    await io.stdout.write(infoText(engineInfo));
    return 0;
  },
});

/** What is not told is left out. */
function infoText(info: EngineInfo): string {
  const listOf = (value: unknown): string | undefined => (Array.isArray(value) ? value.join(' ') : undefined);
  const plugins =
    typeof info['Plugins'] === 'object' && info['Plugins'] !== null ? Object.entries(info['Plugins']) : [];
  const rows: readonly (readonly [string, unknown])[] = [
    ['Containers', info.Containers],
    [' Running', info.ContainersRunning],
    [' Paused', info.ContainersPaused],
    [' Stopped', info.ContainersStopped],
    ['Images', info.Images],
    ['Server Version', info.ServerVersion],
    ['Storage Driver', info.Driver],
    ['Logging Driver', info['LoggingDriver']],
    ['Cgroup Driver', info['CgroupDriver']],
    ['Cgroup Version', info['CgroupVersion']],
    ...(plugins.length > 0 ? [['Plugins', ''] as const] : []),
    ...plugins.map(([name, each]) => [` ${name}`, listOf(each)] as const),
    ['Swarm', 'inactive'],
    [
      'Runtimes',
      typeof info['Runtimes'] === 'object' && info['Runtimes'] ? Object.keys(info['Runtimes']).join(' ') : undefined,
    ],
    ['Default Runtime', info['DefaultRuntime']],
    ['Init Binary', info['InitBinary']],
    ['Kernel Version', info['KernelVersion']],
    ['Operating System', info.OperatingSystem],
    ['OSType', info.OSType],
    ['Architecture', info.Architecture],
    ['CPUs', info.NCPU],
    ['Total Memory', memorySize(info.MemTotal)],
    ['Name', info.Name],
    ['ID', info.ID],
    ['Docker Root Dir', info['DockerRootDir']],
    ['Debug Mode', info['Debug']],
    ['Experimental', info['ExperimentalBuild']],
    ['Live Restore Enabled', info['LiveRestoreEnabled']],
  ];
  const told = rows.filter(([, value]) => value !== undefined && value !== null);
  return [
    'Client: Strata',
    ` Version:    ${clientVersion}`,
    ' Context:    strata',
    ' Debug Mode: false',
    '',
    'Server:',
    ...told.map(([name, value]) => ` ${name}: ${value}`.trimEnd()),
    ...((info['Warnings'] as readonly string[] | null | undefined) ?? []),
    '',
  ].join('\n');
}
