import type { Clock } from '../../base/clock';
import type { Program } from '../grammar/command';
import { completeCommand } from '../grammar/complete';
import type { CompletionKind } from '../grammar/flag';
import { runProgram } from '../run-program';
import type { ShellProgram } from '../shell/shell';
import { hostProgram } from './host-program';
import { instanceProgram } from './instance-program';
import { type InstanceKind, isOf, type LabCommands, type LabContext } from './lab-context';
import { netProgram } from './net-program';

/** The `vm`, `host`, `unikernel` and `net` commands of a shell. */
export function labShell(lab: LabCommands, clock: Clock): readonly ShellProgram[] {
  return [instanceProgram('vm'), hostProgram, instanceProgram('unikernel'), netProgram].map((program) =>
    shellOf(program, lab, clock),
  );
}

function shellOf(program: Program<LabContext>, lab: LabCommands, clock: Clock): ShellProgram {
  return {
    name: program.name,
    summary: program.summary,
    run: (words, io) => runProgram(program, words, { lab, io, clock }, program.name),
    async complete(words, paths) {
      const completion = completeCommand(program, words);
      if (completion.kind === 'words') return completion.words.map((word) => `${word} `);
      const { of, before, part } = completion;
      if (of === 'file') return paths(part, before);
      return namesOf(program.name, lab, of)
        .filter((name) => name.startsWith(part))
        .map((name) => `${before}${name} `);
    },
  };
}

function namesOf(program: string, lab: LabCommands, of: CompletionKind): readonly string[] {
  if (of === 'network') return lab.networks().map(({ name }) => name);
  if (of !== 'instance' || !isKind(program)) return [];
  return lab
    .list()
    .filter(isOf[program])
    .map(({ name }) => name);
}

function isKind(program: string): program is InstanceKind {
  return program in isOf;
}
