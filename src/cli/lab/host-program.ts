import { hostDraft } from '../../engine/host-draft';
import { assertNothingPlaced, placedOn } from '../../engine/placed-on';
import { eachNamed } from '../docker/each-named';
import { plainFormat } from '../docker/format-usage';
import { inspectEach } from '../docker/inspect-each';
import type { Program } from '../grammar/command';
import { bool, int, list, text } from '../grammar/flag';
import { actCommand, listCommand } from './instance-verbs';
import { findInstance, type LabContext, labCommand } from './lab-context';

const create = labCommand({
  spellings: ['create', 'add', 'run'],
  summary: 'Create a container host and start it',
  description:
    'Create a container host and start it. "docker run --label org.strata.host=NAME" runs a container on the host of that name; without it the engine takes the running one with the most memory free.',
  usage: '[OPTIONS] [NAME]',
  args: { min: 0, max: 1 },
  flags: {
    disk: int('Size of its disk in MiB, of which only what is written takes room', { initial: 8192 }),
    memory: int('Memory in MiB (32 to 1024)', { short: 'm', initial: 128 }),
    network: list('Connect it to a network from the beginning', { completes: 'network' }),
    'no-start': bool('Only create it'),
  },
  async run({ args: [name], flags }, { lab, io }) {
    const record = await lab.create(
      hostDraft({
        ...(name !== undefined && { name }),
        ...(flags.memory !== undefined && { memoryMiB: flags.memory }),
        ...(flags.disk !== undefined && { diskMiB: flags.disk }),
        ...(flags.network.length > 0 && { networks: flags.network }),
      }),
    );
    if (!flags['no-start']) await lab.start(record.id).finished;
    await io.stdout.write(`${record.name}\n`);
    return 0;
  },
});

const inspect = labCommand({
  spellings: ['inspect'],
  summary: 'Display a container host and what is on it',
  usage: '[OPTIONS] HOST [HOST...]',
  args: { min: 1 },
  completes: ['instance'],
  flags: { format: text(plainFormat, { short: 'f' }) },
  run({ args, flags }, context) {
    return inspectEach(context.io, args, flags.format, async (given) => {
      const record = findInstance(context, 'host', given);
      const { id, name, state, spec, nics } = record;
      return {
        id,
        name,
        state: state.phase,
        ...(spec.kind === 'vm' && { memoryMiB: spec.memoryMiB, diskMiB: spec.disks?.[0]?.sizeMiB }),
        nics: nics.map(({ nic, network, mac, address }) => ({ interface: `eth${nic}`, network, mac, address })),
        ...(await placedOn(context.lab, name)),
      };
    });
  },
});

const rm = labCommand({
  spellings: ['rm', 'remove'],
  summary: 'Remove one or more container hosts',
  usage: '[OPTIONS] HOST [HOST...]',
  args: { min: 1 },
  completes: ['instance'],
  flags: { force: bool('Remove its containers and volumes with it', { short: 'f' }) },
  run({ args, flags }, context) {
    const { lab } = context;
    return eachNamed(context.io, args, async (given) => {
      const host = findInstance(context, 'host', given);
      const placed = await placedOn(lab, host.name);
      if (!flags.force) assertNothingPlaced(placed, host.name);
      const engine = await lab.containers();
      for (const { id } of placed.containers) await engine.containers.remove(id, { force: true, volumes: true });
      for (const volume of placed.volumes) await engine.volumes.remove(volume, true);
      await lab.remove(host.id).finished;
      return given;
    });
  },
});

/** The `host` command: the machines that run containers. */
export const hostProgram: Program<LabContext> = {
  name: 'host',
  summary: 'Manage container hosts',
  groups: [],
  common: [],
  commands: [
    listCommand('host', 'container hosts'),
    create,
    inspect,
    actCommand('host', 'start', 'Start one or more container hosts', (lab, { id }) => lab.start(id)),
    actCommand('host', 'stop', 'Stop one or more container hosts, and with them their containers', (lab, { id }) =>
      lab.stop(id),
    ),
    actCommand('host', 'kill', 'End one or more container hosts at once', (lab, { id }) => lab.kill(id)),
    rm,
  ],
  missing: {
    exec: 'A host is a machine: "vm exec HOST COMMAND" runs a command in it, outside of its containers.',
  },
  flags: {},
  flagErrorCode: 125,
};
