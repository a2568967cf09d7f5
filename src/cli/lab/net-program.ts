import type { NetworkSpec } from '../../api/network';
import { eachNamed } from '../docker/each-named';
import { plainFormat, tableFormat } from '../docker/format-usage';
import { inspectEach } from '../docker/inspect-each';
import { type Column, formatRows } from '../format/format-rows';
import type { Program } from '../grammar/command';
import { int, text } from '../grammar/flag';
import { type LabContext, labCommand } from './lab-context';

const columns: readonly Column<NetworkSpec>[] = [
  { name: 'Name', header: 'NAME', value: ({ name }) => name },
  { name: 'Subnet', header: 'SUBNET', value: ({ subnet }) => subnet },
  { name: 'MTU', header: 'MTU', value: ({ mtu }) => String(mtu) },
  { name: 'Egress', header: 'EGRESS', value: ({ egress }) => egress?.hosts.join(',') || 'none' },
];

const ls = labCommand({
  spellings: ['ls', 'list'],
  summary: 'List networks of the lab',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { format: text(tableFormat) },
  async run({ flags }, { lab, io }) {
    const table = '{{.Name}}\\t{{.Subnet}}\\t{{.MTU}}\\t{{.Egress}}';
    await io.stdout.write(formatRows(lab.networks(), columns, { format: flags.format, table }));
    return 0;
  },
});

const inspect = labCommand({
  spellings: ['inspect'],
  summary: 'Display a network and who is on it',
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  args: { min: 1 },
  completes: ['network'],
  flags: { format: text(plainFormat, { short: 'f' }) },
  run({ args, flags }, { lab, io }) {
    return inspectEach(io, args, flags.format, async (given) => {
      const network = lab.networks().find(({ name }) => name === given);
      if (!network) throw new Error(`No such network: ${given}`);
      const stations = lab.list().flatMap(({ name, nics, state }) =>
        nics
          .filter((nic) => nic.network === given)
          .map(({ nic, mac, address }) => ({
            instance: name,
            interface: `eth${nic}`,
            mac,
            address,
            state: state.phase,
          })),
      );
      return { ...network, stations };
    });
  },
});

const create = labCommand({
  spellings: ['create'],
  summary: 'Create a network',
  usage: '[OPTIONS] NETWORK',
  args: { min: 1, max: 1 },
  flags: {
    mtu: int('Bytes of an IP packet (up to 9000)', { initial: 1500 }),
    subnet: text('Subnet in CIDR format: 10.5.0.0/24'),
  },
  async run({ args: [name = ''], flags }, { lab, io }) {
    if (flags.subnet === '') throw new Error('a network needs a subnet: net create --subnet 10.5.0.0/24 NAME');
    await lab.createNetwork({ name, subnet: flags.subnet, mtu: flags.mtu ?? 1500 });
    await io.stdout.write(`${name}\n`);
    return 0;
  },
});

const rm = labCommand({
  spellings: ['rm', 'remove'],
  summary: 'Remove one or more networks',
  usage: 'NETWORK [NETWORK...]',
  args: { min: 1 },
  completes: ['network'],
  flags: {},
  run({ args }, { lab, io }) {
    return eachNamed(io, args, async (name) => {
      await lab.removeNetwork(name);
      return name;
    });
  },
});

/** The `net` command: the lab's own networks, under machines, unikernels and containers. */
export const netProgram: Program<LabContext> = {
  name: 'net',
  summary: 'Manage networks of the lab',
  groups: [],
  common: [],
  commands: [ls, inspect, create, rm],
  missing: {
    capture: 'The page does it: a click on a link of the topology records its frames and saves them for Wireshark.',
  },
  flags: {},
  flagErrorCode: 125,
};
