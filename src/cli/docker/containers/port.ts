import type { ContainerInspect, PortBinding } from '../../../api/container';
import { segment } from '../../engine/engine-client';
import { docker } from '../docker-context';

function address({ HostIp = '', HostPort = '' }: PortBinding): string {
  return `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`;
}

export const port = docker({
  spellings: ['container port', 'port'],
  summary: 'List port mappings or a specific mapping for the container',
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  args: { min: 1, max: 2 },
  completes: ['running-container'],
  flags: {},
  async run({ args: [name = '', wanted] }, { engine, io }) {
    const container = await engine.json<ContainerInspect>('GET', `/containers/${segment(name)}/json`);
    const ports = Object.entries(container.NetworkSettings.Ports ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    if (wanted === undefined) {
      const lines = ports.flatMap(([port, bindings]) =>
        (bindings ?? []).map((each) => `${port} -> ${address(each)}\n`),
      );
      await io.stdout.write(lines.join(''));
      return 0;
    }
    const port = wanted.includes('/') ? wanted : `${wanted}/tcp`;
    const bindings = ports.find(([each]) => each === port)?.[1];
    if (!bindings) throw new Error(`Error: No public port '${port}' published for ${name}`);
    await io.stdout.write(bindings.map((each) => `${address(each)}\n`).join(''));
    return 0;
  },
});
