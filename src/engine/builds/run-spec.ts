import type { BuildRunRequest } from '../../api/build';
import { InstructionProblem } from '../../formats/dockerfile/dockerfile-error';
import { heredocText, parseHeredocWord } from '../../formats/dockerfile/heredoc';
import type { RunInstruction } from '../../formats/dockerfile/instruction';
import { parseRunMount, type RunMount } from '../../formats/dockerfile/run-mount';
import { argvOf, type BuildScope, expander, runArgs, type StageState } from './stage-state';

/** A RUN with everything that it says; its layers and the sources of its mounts are still to be found. */
export interface RunSpec extends Pick<BuildRunRequest, 'argv' | 'env' | 'cwd' | 'network'> {
  /** `user`, `uid`, `user:group`, `uid:gid`; empty for root. */
  readonly user: string;
  readonly mounts: readonly RunMount[];
  /** A script of a heredoc that names its own interpreter. */
  readonly script?: { readonly path: string; readonly text: string };
  /** For the history. */
  readonly createdBy: string;
}

/** Where BuildKit puts a script; it is there for the one RUN only. */
const scriptFolder = '/dev/pipes/';

/** Pure; throws an {@link InstructionProblem} in BuildKit's words. */
export function runSpec(
  instruction: RunInstruction,
  state: StageState,
  scope: BuildScope,
  network: BuildRunRequest['network'] = 'default',
): RunSpec {
  if (instruction.security === 'insecure') {
    throw new InstructionProblem('security.insecure is not allowed', '--security');
  }
  const { command, script } = commandOf(instruction);
  const argv = argvOf(command, state.run);
  const args = runArgs(state, scope);
  const told = args.filter((each) => each.told).map(({ name, value }) => `${name}=${value}`);
  const prefix = told.length === 0 ? '' : `|${told.length} ${told.join(' ')} `;
  const expand = expander(state, scope);
  return {
    argv,
    env: [...state.run.env, ...args.map(({ name, value }) => `${name}=${value}`)],
    cwd: state.run.workingDir || '/',
    user: state.run.user ?? '',
    network: instruction.network === 'default' ? network : instruction.network,
    mounts: instruction.mounts.map((mount) => parseRunMount(mount, (value) => expand(value).text)),
    ...(script && { script }),
    createdBy: `RUN ${prefix}${argv.join(' ')} # buildkit`,
  };
}

/** A heredoc alone is the command, anything else is left to the shell with the heredocs behind it. */
function commandOf({ command }: RunInstruction): Pick<RunSpec, 'script'> & { readonly command: typeof command } {
  if (command.form === 'exec' || command.heredocs.length === 0) return { command };
  const [first] = command.heredocs;
  if (!first || !parseHeredocWord(command.text)) {
    const bodies = command.heredocs.map(({ content, name }) => `\n${content}${name}`);
    return { command: { ...command, text: [command.text, ...bodies].join(''), heredocs: [] } };
  }
  const text = heredocText(first);
  if (!text.startsWith('#!')) return { command: { ...command, text, heredocs: [] } };
  const path = `${scriptFolder}${first.name}`;
  return { command: { ...command, text: path, heredocs: [] }, script: { path, text } };
}
