import type { EngineVersion } from '../../../api/container-system';
import { apiVersion } from '../../engine/engine-client';
import { printObject } from '../../format/print-object';
import { text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { plainFormat } from '../format-usage';

/** The version of docker's client whose words and grammar these are. */
export const clientVersion = '28.2.2';

export const version = docker({
  spellings: ['version'],
  summary: 'Show the Docker version information',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { format: text(plainFormat, { short: 'f' }) },
  async run({ flags }, { engine, io }) {
    const Server = await engine.json<EngineVersion>('GET', '/version');
    const Client = {
      Version: clientVersion,
      ApiVersion: apiVersion,
      Os: 'browser',
      Arch: 'ecmascript',
      Context: 'strata',
    };
    if (flags.format !== '') {
      await io.stdout.write(printObject({ Client, Server }, flags.format));
      return 0;
    }
    await io.stdout.write(
      [
        'Client: Strata',
        row('Version', Client.Version),
        row('API version', Client.ApiVersion),
        row('OS/Arch', `${Client.Os}/${Client.Arch}`),
        row('Context', Client.Context),
        '',
        `Server: ${Server.Platform?.Name ?? ''}`.trimEnd(),
        ...(Server.Components ?? []).flatMap(({ Name, Version, Details = {} }) => [
          ` ${Name}:`,
          row(' Version', Version),
          ...Object.entries(Details).map(([name, value]) =>
            row(` ${labels[name] ?? name}`, detail(name, value, Details)),
          ),
        ]),
        '',
      ].join('\n'),
    );
    return 0;
  },
});

const labels: Readonly<Record<string, string>> = {
  ApiVersion: 'API version',
  GitCommit: 'Git commit',
  GoVersion: 'Go version',
  BuildTime: 'Built',
  KernelVersion: 'Kernel version',
};

function detail(name: string, value: string, { MinAPIVersion }: Readonly<Record<string, string>>): string {
  return name === 'ApiVersion' && MinAPIVersion !== undefined ? `${value} (minimum version ${MinAPIVersion})` : value;
}

const row = (name: string, value: string): string => ` ${`${name}:`.padEnd(18)}${value}`;
