import type { InstanceRecord } from '../../engine/instance-record';
import type { Task } from '../../engine/tasks';
import { eachNamed } from '../docker/each-named';
import { tableFormat } from '../docker/format-usage';
import { type Column, formatRows } from '../format/format-rows';
import { humanDuration } from '../format/units';
import { bool, text } from '../grammar/flag';
import { findInstance, type InstanceKind, isOf, type LabCommand, type LabCommands, labCommand } from './lab-context';

/** `ls` of one kind of instances. */
export function listCommand(kind: InstanceKind, plural: string): LabCommand {
  return labCommand({
    spellings: ['ls', 'list', 'ps'],
    summary: `List ${plural}`,
    usage: '[OPTIONS]',
    args: { min: 0, max: 0 },
    flags: {
      format: text(tableFormat),
      quiet: bool('Only display IDs', { short: 'q' }),
    },
    async run({ flags }, { lab, io, clock }) {
      const records = lab.list().filter(isOf[kind]);
      const format = flags.quiet && flags.format === '' ? '{{.ID}}' : flags.format;
      const table = '{{.ID}}\\t{{.Name}}\\t{{.Status}}\\t{{.Address}}\\t{{.Network}}';
      await io.stdout.write(formatRows(records, instanceColumns(clock.now()), { format, table }));
      return 0;
    },
  });
}

export function instanceColumns(now: number): readonly Column<InstanceRecord>[] {
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

/** A verb that does the same to each instance that is named. */
export function actCommand(
  kind: InstanceKind,
  name: string,
  summary: string,
  act: (lab: LabCommands, instance: InstanceRecord) => Task | Promise<Task>,
): LabCommand {
  return labCommand({
    spellings: [name],
    summary,
    usage: `${kind.toUpperCase()} [${kind.toUpperCase()}...]`,
    args: { min: 1 },
    completes: ['instance'],
    flags: {},
    run({ args }, context) {
      return eachNamed(context.io, args, async (given) => {
        const task = await act(context.lab, findInstance(context, kind, given));
        await task.finished;
        return given;
      });
    },
  });
}
