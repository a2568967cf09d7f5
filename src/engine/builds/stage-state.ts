import type { Platform } from '../../api/image';
import type { ImageLayer } from '../../api/image-summary';
import { InstructionProblem } from '../../formats/dockerfile/dockerfile-error';
import { parseExposedPorts } from '../../formats/dockerfile/expose-ports';
import type { ArgInstruction, CommandLine, StageInstruction } from '../../formats/dockerfile/instruction';
import { expandText, type LexerOptions } from '../../formats/dockerfile/shell-lexer';
import { emptyRunConfig, type HistoryEntry, type ImageConfig, type RunConfig } from '../../formats/image-config';
import { isPredefinedArg, ownValue, requireText, variablesOf } from './stage-variables';
import { requireSignal } from './stop-signal';

/** How far a stage is: what an image of it would be, and what its instructions may use. */
export interface StageState {
  readonly platform: Platform;
  readonly run: RunConfig;
  /** Lowest first. */
  readonly layers: readonly ImageLayer[];
  readonly history: readonly HistoryEntry[];
  readonly author?: string;
  /** RFC 3339: of the last instruction, or of the image below. */
  readonly created?: string;
  /** ARGs of the stage that have a value. */
  readonly args: ReadonlyMap<string, string>;
  /** CMD has been set in this stage, so that ENTRYPOINT leaves it. */
  readonly cmdSet: boolean;
}

/** What is the same for all instructions of a build. */
export interface BuildScope {
  readonly escapeToken: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** ARGs in front of the first FROM. */
  readonly globals: ReadonlyMap<string, string>;
}

/** An instruction that needs neither files nor a process. */
export type ConfigInstruction = Exclude<StageInstruction, { is: 'run' | 'copy' | 'add' | 'workdir' }>;

export const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What `FROM scratch` begins with. */
export function scratchState(platform: Platform): StageState {
  return {
    platform,
    run: { ...emptyRunConfig, env: [defaultPath], workingDir: '/' },
    layers: [],
    history: [],
    args: new Map(),
    cmdSet: false,
  };
}

/** What a stage begins with that stands on an image, or on another stage. */
export function stateOf(config: ImageConfig, layers: readonly ImageLayer[]): StageState {
  const { platform, run, history, author, created } = config;
  return {
    platform,
    run: {
      ...run,
      env: run.env.some((each) => each.startsWith('PATH=')) ? run.env : [defaultPath, ...run.env],
      onBuild: [],
    },
    layers,
    history,
    ...(author !== undefined && { author }),
    ...(created !== undefined && { created }),
    args: new Map(),
    cmdSet: false,
  };
}

export function configOf({ platform, run, layers, history, author, created }: StageState): ImageConfig {
  return {
    platform,
    ...(created !== undefined && { created }),
    ...(author !== undefined && { author }),
    run,
    diffIds: layers.map(({ diffId }) => diffId),
    history,
  };
}

/** Replaces the variables of a text as they are in this state. */
export function expander(state: StageState, scope: BuildScope, options: LexerOptions = {}) {
  const variables = variablesOf(state.run.env, state.args);
  return (text: string) => expandText(text, variables, { escapeToken: scope.escapeToken, ...options });
}

/** The state after an instruction that only changes what an image says. Pure; throws an {@link InstructionProblem}. */
export function applyConfig(state: StageState, instruction: ConfigInstruction, scope: BuildScope): StageState {
  const expand = expander(state, scope);
  const word = (text: string): string => expand(text).text;
  const withRun = (run: Partial<RunConfig>): StageState => ({ ...state, run: { ...state.run, ...run } });
  const { run } = state;
  switch (instruction.is) {
    case 'arg':
      return { ...state, args: declareArgs(state, instruction, scope) };
    case 'env': {
      // All of an instruction are expanded by what was before it.
      const pairs = instruction.pairs.map(({ name, value }) => [word(name), word(value)] as const);
      return withRun({ env: pairs.reduce((env, [name, value]) => setEnv(env, name, value), run.env) });
    }
    case 'label': {
      const pairs = instruction.pairs.map(({ name, value }) => [word(name), word(value)] as const);
      return withRun({ labels: { ...run.labels, ...Object.fromEntries(pairs) } });
    }
    case 'expose': {
      const ports = instruction.ports.flatMap((port) => expand(port).words).flatMap(parseExposedPorts);
      return withRun({ exposedPorts: [...new Set([...run.exposedPorts, ...ports])] });
    }
    case 'volume': {
      const paths = instruction.paths.map((path) =>
        requireText(word(path), 'VOLUME specified can not be an empty string'),
      );
      return withRun({ volumes: [...new Set([...run.volumes, ...paths])] });
    }
    case 'user':
      return withRun({ user: word(instruction.value) });
    case 'stopsignal':
      return withRun({ stopSignal: requireSignal(word(instruction.value)) });
    case 'maintainer':
      return { ...state, author: instruction.value };
    case 'shell':
      return withRun({ shell: instruction.argv });
    case 'onbuild':
      return withRun({ onBuild: [...run.onBuild, instruction.expression] });
    case 'cmd':
      return { ...withRun({ cmd: argvOf(instruction.command, run) }), cmdSet: true };
    case 'entrypoint': {
      const { cmd, ...rest } = run;
      const entrypoint = argvOf(instruction.command, run);
      return { ...state, run: { ...rest, ...(state.cmdSet && cmd && { cmd }), entrypoint } };
    }
    case 'healthcheck': {
      const { is: _is, range: _range, source: _source, ...healthcheck } = instruction;
      return withRun({ healthcheck });
    }
  }
}

/** With one more line of history, and the layer that it made if it made one. */
export function recordStep(
  state: StageState,
  createdBy: string,
  { layer, created }: { readonly layer?: ImageLayer; readonly created: string },
): StageState {
  const entry: HistoryEntry = {
    created,
    createdBy,
    comment: 'buildkit.dockerfile.v0',
    ...(!layer && { emptyLayer: true }),
  };
  return {
    ...state,
    created,
    history: [...state.history, entry],
    layers: layer ? [...state.layers, layer] : state.layers,
  };
}

/** A command as an image says it: a text is for the shell. */
export function argvOf(command: CommandLine, { shell = ['/bin/sh', '-c'] }: RunConfig): readonly string[] {
  return command.form === 'exec' ? command.argv : [...shell, command.text];
}

function setEnv(env: readonly string[], name: string, value: string): readonly string[] {
  if (name === '') throw new InstructionProblem('ENV names can not be blank');
  const set = `${name}=${value}`;
  const at = env.findIndex((each) => each.startsWith(`${name}=`));
  return at === -1 ? [...env, set] : env.with(at, set);
}

/** What is given for the build comes before the instruction's own value, and that before one in front of the first FROM. */
function declareArgs(
  state: StageState,
  { args }: ArgInstruction,
  { buildArgs, globals, escapeToken }: BuildScope,
): ReadonlyMap<string, string> {
  const values = new Map(state.args);
  for (const { name, value } of args) {
    const variables = variablesOf(state.run.env, values);
    const own = value === undefined ? undefined : expandText(value, variables, { escapeToken }).text;
    const found = ownValue(buildArgs, name) ?? own ?? globals.get(name);
    if (found === undefined) values.delete(name);
    else values.set(name, found);
  }
  return values;
}

/** The arguments that a RUN has in its environment, for which ENV leaves room, and whether history tells of them. */
export function runArgs(
  { args, run }: Pick<StageState, 'args' | 'run'>,
  { buildArgs }: Pick<BuildScope, 'buildArgs'>,
): readonly { readonly name: string; readonly value: string; readonly told: boolean }[] {
  const isEnv = (name: string): boolean => run.env.some((each) => each.startsWith(`${name}=`));
  const declared = [...args].filter(([name]) => !isEnv(name)).map(([name, value]) => ({ name, value, told: true }));
  const proxies = Object.entries(buildArgs)
    .filter(([name]) => isPredefinedArg(name) && !args.has(name) && !isEnv(name))
    .map(([name, value]) => ({ name, value, told: false }));
  return [...declared, ...proxies];
}
