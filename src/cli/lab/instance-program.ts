import { tableFormat } from '../docker/format-usage';
import { type Column, formatRows } from '../format/format-rows';
import { humanDuration } from '../format/units';
import type { Program } from '../grammar/command';
import { bool, int, list, text } from '../grammar/flag';
import { execIn } from './exec-in';
import { actCommand, listCommand } from './instance-verbs';
import { findInstance, type LabCommands, type LabContext, labCommand } from './lab-context';
import { removeCommand } from './remove-instance';

type Kind = 'vm' | 'unikernel';

const plural = { vm: 'machines', unikernel: 'unikernels' } as const;

const removeSummary: Readonly<Record<Kind, string>> = {
  vm: 'Remove one or more machines, a container host only when nothing is on it',
  unikernel: `Remove one or more ${plural.unikernel}`,
};

/** The `vm` and the `unikernel` command: the same verbs for both, and those that only machines have. */
export function instanceProgram(kind: Kind): Program<LabContext> {
  const upper = kind.toUpperCase();
  return {
    name: kind,
    summary: `Manage ${plural[kind]}`,
    groups: [],
    common: [],
    commands: [
      listCommand(kind, plural[kind]),
      actCommand(kind, 'start', `Start one or more ${plural[kind]}`, (lab, { id }) => lab.start(id)),
      actCommand(kind, 'stop', `Stop one or more ${plural[kind]}`, (lab, { id }) => lab.stop(id)),
      actCommand(kind, 'kill', `End one or more ${plural[kind]} at once`, (lab, { id }) => lab.kill(id)),
      actCommand(kind, 'pause', `Let one or more ${plural[kind]} stand still`, (lab, { id }) => lab.pause(id)),
      actCommand(kind, 'resume', `Let one or more ${plural[kind]} go on`, (lab, { id }) => lab.resume(id)),
      removeCommand(kind, removeSummary[kind]),
      ...(kind === 'vm' ? [createCommand, execCommand, snapshotCommand, snapshotsCommand, cloneCommand] : []),
    ],
    missing: {
      ...(kind === 'unikernel' && { exec: 'There is one program in a unikernel, and no shell.' }),
      console: `The console of a ${kind} is a terminal of its own: open it from the ${upper}'s page.`,
    },
    flags: {},
    flagErrorCode: 125,
  };
}

const createCommand = labCommand({
  spellings: ['create', 'run'],
  summary: 'Create a machine and start it',
  usage: '[OPTIONS] [NAME]',
  args: { min: 0, max: 1 },
  flags: {
    memory: int('Memory in MiB (32 to 1024)', { short: 'm', initial: 64 }),
    network: list('Connect it to a network', { completes: 'network' }),
    'no-start': bool('Only create it'),
  },
  async run({ args: [name], flags }, { lab, io }) {
    const record = await lab.create({
      kind: 'vm',
      ...(name !== undefined && { name }),
      memoryMiB: flags.memory ?? 64,
      devices: 'virtio',
      containerHost: false,
      ...(flags.network.length > 0 && { nics: flags.network.map((network) => ({ network })) }),
    });
    if (!flags['no-start']) await lab.start(record.id).finished;
    await io.stdout.write(`${record.name}\n`);
    return 0;
  },
});

const execCommand = labCommand({
  spellings: ['exec'],
  summary: 'Execute a command in a running machine',
  usage: '[OPTIONS] VM COMMAND [ARG...]',
  args: { min: 2 },
  completes: ['instance', 'none'],
  flagsFirst: true,
  flags: {
    env: list('Set environment variables', { short: 'e' }),
    interactive: bool('Keep STDIN open', { short: 'i' }),
    tty: bool('Allocate a pseudo-TTY', { short: 't' }),
    workdir: text('Working directory inside the machine', { short: 'w' }),
  },
  async run({ args: [given = '', ...argv], flags }, context) {
    const { lab, io } = context;
    if (flags.tty && !io.terminal) throw new Error('the input device is not a TTY');
    const { id } = findInstance(context, 'vm', given);
    return execIn(lab.instance(id), io, {
      argv,
      env: flags.env,
      ...(flags.workdir !== '' && { cwd: flags.workdir }),
      ...(flags.tty && io.terminal && { terminal: io.terminal.size }),
      stdin: flags.interactive,
    });
  },
});

const snapshotCommand = labCommand({
  spellings: ['snapshot'],
  summary: 'Save a running machine as it is now',
  usage: 'VM [NAME]',
  args: { min: 1, max: 2 },
  completes: ['instance', 'none'],
  flags: {},
  async run({ args: [given = '', name] }, context) {
    const { lab, io } = context;
    const { id, name: machine } = findInstance(context, 'vm', given);
    const called = name ?? `${machine} from the shell`;
    await lab.snapshot(id, { name: called }).finished;
    await io.stdout.write(`${called}\n`);
    return 0;
  },
});

const snapshotsCommand = labCommand({
  spellings: ['snapshots'],
  summary: 'List snapshots of machines',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: { format: text(tableFormat) },
  async run({ flags }, { lab, io, clock }) {
    const columns: readonly Column<ReturnType<LabCommands['snapshots']>[number]>[] = [
      { name: 'ID', header: 'ID', value: ({ id }) => id },
      { name: 'Name', header: 'NAME', value: ({ name }) => name },
      {
        name: 'CreatedSince',
        header: 'CREATED',
        value: ({ createdAt }) => `${humanDuration((clock.now() - createdAt) / 1000)} ago`,
      },
    ];
    const table = '{{.ID}}\\t{{.Name}}\\t{{.CreatedSince}}';
    await io.stdout.write(formatRows(lab.snapshots(), columns, { format: flags.format, table }));
    return 0;
  },
});

const cloneCommand = labCommand({
  spellings: ['clone'],
  summary: 'Make machines of a snapshot, or of a machine as it is now',
  usage: '[OPTIONS] SNAPSHOT|VM',
  args: { min: 1, max: 1 },
  completes: ['instance'],
  flags: { count: int('How many', { short: 'n', initial: 1 }) },
  async run({ args: [given = ''], flags }, context) {
    const { lab } = context;
    const snapshot = lab.snapshots().find(({ id, name }) => id === given || name === given);
    const source = snapshot ? { snapshot: snapshot.id } : { instance: findInstance(context, 'vm', given).id };
    await lab.clone(source, { count: flags.count ?? 1 }).finished;
    return 0;
  },
});
