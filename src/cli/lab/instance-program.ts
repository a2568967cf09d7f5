import type { InstanceRecord } from '../../engine/instance-record';
import type { Task } from '../../engine/tasks';
import { eachNamed } from '../docker/each-named';
import { tableFormat } from '../docker/format-usage';
import { type Column, formatRows } from '../format/format-rows';
import { humanDuration } from '../format/units';
import type { Program } from '../grammar/command';
import { bool, int, list, text } from '../grammar/flag';
import { execIn } from './exec-in';
import { findInstance, type LabCommand, type LabCommands, type LabContext, labCommand } from './lab-context';

type Kind = 'vm' | 'unikernel';

const plural = { vm: 'machines', unikernel: 'unikernels' } as const;

/** The `vm` and the `unikernel` command: the same verbs for both, and those that only machines have. */
export function instanceProgram(kind: Kind): Program<LabContext> {
  const upper = kind.toUpperCase();
  const acts: readonly (readonly [string, string, (lab: LabCommands, id: string) => Task])[] = [
    ['start', `Start one or more ${plural[kind]}`, (lab, id) => lab.start(id)],
    ['stop', `Stop one or more ${plural[kind]}`, (lab, id) => lab.stop(id)],
    ['kill', `End one or more ${plural[kind]} at once`, (lab, id) => lab.kill(id)],
    ['pause', `Let one or more ${plural[kind]} stand still`, (lab, id) => lab.pause(id)],
    ['resume', `Let one or more ${plural[kind]} go on`, (lab, id) => lab.resume(id)],
    ['rm', `Remove one or more ${plural[kind]}`, (lab, id) => lab.remove(id)],
  ];
  return {
    name: kind,
    summary: `Manage ${plural[kind]}`,
    groups: [],
    common: [],
    commands: [
      listCommand(kind),
      ...acts.map(([name, summary, act]) => actCommand(kind, name, summary, act)),
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

function listCommand(kind: Kind): LabCommand {
  return labCommand({
    spellings: ['ls', 'list', 'ps'],
    summary: `List ${plural[kind]}`,
    usage: '[OPTIONS]',
    args: { min: 0, max: 0 },
    flags: {
      format: text(tableFormat),
      quiet: bool('Only display IDs', { short: 'q' }),
    },
    async run({ flags }, { lab, io, clock }) {
      const records = lab.list().filter(({ spec }) => spec.kind === kind);
      const format = flags.quiet && flags.format === '' ? '{{.ID}}' : flags.format;
      const table = '{{.ID}}\\t{{.Name}}\\t{{.Status}}\\t{{.Address}}\\t{{.Network}}';
      await io.stdout.write(formatRows(records, instanceColumns(clock.now()), { format, table }));
      return 0;
    },
  });
}

function instanceColumns(now: number): readonly Column<InstanceRecord>[] {
  return [
    { name: 'ID', header: 'ID', value: ({ id }) => id },
    { name: 'Name', header: 'NAME', value: ({ name }) => name },
    { name: 'State', header: 'STATE', value: ({ state }) => state.phase },
    { name: 'Status', header: 'STATUS', value: (record) => statusOf(record, now) },
    { name: 'Address', header: 'ADDRESS', value: ({ nics }) => nics.map(({ address }) => address).join(',') },
    { name: 'Network', header: 'NETWORK', value: ({ nics }) => nics.map(({ network }) => network).join(',') },
    { name: 'Memory', header: 'MEMORY', value: ({ spec }) => ('memoryMiB' in spec ? `${spec.memoryMiB}MiB` : '') },
  ];
}

function statusOf({ state, runningSince, demand }: InstanceRecord, now: number): string {
  if (demand?.asleep) return 'Asleep';
  const phase = state.phase.replace(/^./, (first) => first.toUpperCase());
  if (state.phase === 'running') return `Up ${humanDuration((now - (runningSince ?? state.since)) / 1000)}`;
  if (state.exit) return `${phase} (${state.exit.code}) ${humanDuration((now - state.since) / 1000)} ago`;
  return phase;
}

function actCommand(
  kind: Kind,
  name: string,
  summary: string,
  act: (lab: LabCommands, id: string) => Task,
): LabCommand {
  return labCommand({
    spellings: name === 'rm' ? ['rm', 'remove'] : [name],
    summary,
    usage: `${kind.toUpperCase()} [${kind.toUpperCase()}...]`,
    args: { min: 1 },
    completes: ['instance'],
    flags: {},
    run({ args }, context) {
      return eachNamed(context.io, args, async (given) => {
        const { id } = findInstance(context, kind, given);
        await act(context.lab, id).finished;
        return given;
      });
    },
  });
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
