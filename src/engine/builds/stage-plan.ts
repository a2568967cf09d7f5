import type { Platform } from '../../api/image';
import { SandboxError } from '../../base/errors';
import { dockerfileError, InstructionProblem } from '../../formats/dockerfile/dockerfile-error';
import type { Dockerfile, StageDefinition, StageInstruction } from '../../formats/dockerfile/instruction';
import { didYouMean } from '../../formats/dockerfile/nearest-word';
import { parseRunMount } from '../../formats/dockerfile/run-mount';
import { expandText } from '../../formats/dockerfile/shell-lexer';
import { requireText } from './stage-variables';

/** What a stage begins with, or files are taken from. */
export type StageSource =
  | { readonly is: 'scratch' }
  | { readonly is: 'stage'; readonly index: number }
  | { readonly is: 'image'; readonly name: string };

export interface PlannedStage {
  readonly index: number;
  readonly definition: StageDefinition;
  readonly base: StageSource;
  readonly platform?: Platform;
}

/** The stages of a Dockerfile, with what each is made from. */
export interface StagePlan {
  readonly stages: readonly PlannedStage[];
  /** The one that the image is made of. */
  readonly target: number;
  /** Those that it takes, in the order in which they are made; `target` is the last. */
  readonly needed: readonly number[];
}

/** Pure. Errors in BuildKit's words: `InvalidArgument` with the line, `NotFound` for the target. */
export function planStages(
  dockerfile: Dockerfile,
  globals: ReadonlyMap<string, string>,
  target: string | undefined,
): StagePlan {
  const names = dockerfile.stages.map(({ from }) => from.name);
  const stages = dockerfile.stages.map((definition, index): PlannedStage => {
    const { from } = definition;
    const expand = (text: string): string =>
      expandText(text, (name) => globals.get(name), { escapeToken: dockerfile.escapeToken }).text;
    try {
      const base = requireText(expand(from.image), `base name (${from.image}) should not be blank`);
      const platform = from.platform === undefined ? '' : expand(from.platform);
      return {
        index,
        definition,
        base: findSource(base, names.slice(0, index), false),
        ...(platform !== '' && { platform: parsePlatform(platform) }),
      };
    } catch (error) {
      if (error instanceof InstructionProblem) throw dockerfileError(error.message, from.range.start);
      throw error;
    }
  });
  const last = target === undefined || target === '' ? stages.length - 1 : findTarget(target, names);
  return { stages, target: last, needed: neededStages(stages, names, last) };
}

/**
 * What a name means: an earlier stage, by its name or where `numbered` by its number, `scratch`, or an image. A later
 * stage of that name does not count.
 */
export function findSource(name: string, earlier: readonly (string | undefined)[], numbered = true): StageSource {
  const named = earlier.lastIndexOf(name.toLowerCase());
  if (named !== -1) return { is: 'stage', index: named };
  if (numbered && /^\d{1,6}$/.test(name)) {
    if (Number(name) < earlier.length) return { is: 'stage', index: Number(name) };
    throw new InstructionProblem(`invalid stage index ${name}`, name);
  }
  return name === 'scratch' ? { is: 'scratch' } : { is: 'image', name };
}

/** `linux/386`, `linux/arm/v7`. Throws an {@link InstructionProblem}. */
export function parsePlatform(text: string): Platform {
  const [, os, architecture, variant] = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/i.exec(text) ?? [];
  if (os === undefined || architecture === undefined) {
    throw new InstructionProblem(`"${text}" is an invalid platform: it is like linux/386`, text);
  }
  const known = { i386: '386', x86_64: 'amd64', aarch64: 'arm64' }[architecture.toLowerCase()];
  const platform = { os: os.toLowerCase(), architecture: known ?? architecture.toLowerCase() };
  return variant === undefined ? platform : { ...platform, variant };
}

/** The stages that an instruction takes files from. What is wrong with it is said when it is run. */
export function stagesUsedBy(
  instruction: StageInstruction,
  earlier: readonly (string | undefined)[],
): readonly number[] {
  const names =
    instruction.is === 'copy' ? [instruction.from] : instruction.is === 'run' ? mountSources(instruction) : [];
  return names.flatMap((name) => {
    if (name === undefined) return [];
    try {
      const source = findSource(name, earlier);
      return source.is === 'stage' ? [source.index] : [];
    } catch (error) {
      if (error instanceof InstructionProblem) return [];
      throw error;
    }
  });
}

function mountSources({ mounts }: Extract<StageInstruction, { is: 'run' }>): readonly (string | undefined)[] {
  return mounts.map((mount) => {
    try {
      return parseRunMount(mount, (value) => value).from;
    } catch (error) {
      if (error instanceof InstructionProblem) return undefined;
      throw error;
    }
  });
}

function findTarget(target: string, names: readonly (string | undefined)[]): number {
  const named = names.lastIndexOf(target.toLowerCase());
  if (named !== -1) return named;
  if (/^\d{1,6}$/.test(target) && Number(target) < names.length) return Number(target);
  const known = names.filter((name) => name !== undefined);
  const message = `target stage "${target}" could not be found${didYouMean(target, known)}`;
  throw new SandboxError('NotFound', message, { details: { target } });
}

/** In an order in which each comes behind all that it takes. Stages only take from earlier ones. */
function neededStages(
  stages: readonly PlannedStage[],
  names: readonly (string | undefined)[],
  target: number,
): readonly number[] {
  const needed = new Set([target]);
  for (let index = target; index >= 0; index -= 1) {
    const stage = stages[index];
    if (!stage || !needed.has(index)) continue;
    if (stage.base.is === 'stage') needed.add(stage.base.index);
    const earlier = names.slice(0, index);
    for (const each of stage.definition.instructions) for (const used of stagesUsedBy(each, earlier)) needed.add(used);
  }
  return [...needed].sort((a, b) => a - b);
}
