import type { BuildEvent } from '../../api/build';
import type { Digest } from '../../api/content-store';
import type { Platform } from '../../api/image';
import { SandboxError, throwIfAborted } from '../../base/errors';
import { InstructionProblem } from '../../formats/dockerfile/dockerfile-error';
import type { SourceRange, StageInstruction, WorkdirInstruction } from '../../formats/dockerfile/instruction';
import { parseTrigger } from '../../formats/dockerfile/parse-dockerfile';
import type { ImageConfig } from '../../formats/image-config';
import { parseReference, serializeReference } from '../../formats/reference';
import type { StepOutcome } from '../../storage/builds/build-service';
import type { CopyTree } from '../../storage/builds/copy-request';
import { BaseImages, type BuildScene, diffIdsOf } from './build-scene';
import { absolutePath } from './copy-spec';
import { copyStep } from './copy-step';
import { runSpec } from './run-spec';
import { runStep } from './run-step';
import { findSource, type PlannedStage, type StageSource } from './stage-plan';
import {
  applyConfig,
  argvOf,
  type ConfigInstruction,
  configOf,
  expander,
  recordStep,
  type StageState,
  scratchState,
  stateOf,
} from './stage-state';
import { StepKeys } from './step-keys';

type Events<T> = AsyncGenerator<BuildEvent, T, undefined>;

/** Makes the stages of a build, each once, and those that it takes before it. */
export class StageBuilder {
  readonly #scene: BuildScene;
  readonly #images: BaseImages;
  readonly #keys: StepKeys;
  readonly #done = new Map<number, StageState>();
  readonly #names: readonly (string | undefined)[];
  readonly #total: number;
  #index = 0;
  #filtered: Digest | undefined;

  constructor(scene: BuildScene) {
    this.#scene = scene;
    this.#images = new BaseImages(scene);
    const { noCache = false, sourceDateEpoch } = scene.options;
    this.#keys = new StepKeys({ noCache, latest: sourceDateEpoch });
    this.#names = scene.plan.stages.map(({ definition }) => definition.from.name);
    this.#total = scene.plan.needed
      .map((index) => (scene.plan.stages[index]?.definition.instructions.length ?? 0) + 1)
      .reduce((sum, count) => sum + count, 0);
  }

  async *build(index: number): Events<StageState> {
    const known = this.#done.get(index);
    if (known) return known;
    const stage = this.#scene.plan.stages[index];
    if (!stage) throw new SandboxError('Internal', `There is no stage ${index}`);
    // Those that it takes come before it, so that its own steps are told together.
    for (const each of this.#scene.plan.needed) if (each < index) yield* this.build(each);
    const { from, instructions } = stage.definition;
    this.#scene.place.range = from.range;
    const base = yield* this.#base(stage);
    const triggers = base.triggers.map(parseTrigger);
    const counted = [...triggers, ...instructions].filter(makesLayer).length + 1;
    let state = yield* this.#from(stage, base, counted);
    let vertex = 1;
    for (const [at, instruction] of [...triggers, ...instructions].entries()) {
      throwIfAborted(this.#scene.operation.signal);
      const isTrigger = at < triggers.length;
      if (makesLayer(instruction)) vertex += 1;
      const name = makesLayer(instruction) ? this.#vertexName(stage, vertex, counted) : undefined;
      this.#scene.place.range = isTrigger ? from.range : instruction.range;
      state = yield* this.#instruction(stage, state, instruction, { name, isTrigger });
      this.#scene.place.range = undefined;
    }
    this.#done.set(index, state);
    return state;
  }

  /** What the image says in the end: the labels of the whole build are as one more instruction. */
  async finish(state: StageState): Promise<ImageConfig> {
    const { options, time } = this.#scene;
    const config = configOf(state);
    const created = config.created ?? new Date(time * 1000).toISOString();
    if (Object.keys(options.labels ?? {}).length === 0) return { ...config, created };
    const labelled = { ...config, run: { ...config.run, labels: { ...config.run.labels, ...options.labels } } };
    return { ...labelled, created: this.#created((await this.#describe(labelled, 'LABEL')).createdAt) };
  }

  /** What the image of a stage is made from, and what it wants to be done first. */
  async *#base({ base, platform = this.#scene.platform }: PlannedStage): Events<StageBase> {
    if (base.is === 'scratch') return { state: scratchState(platform), triggers: [] };
    if (base.is === 'stage') {
      const state = yield* this.build(base.index);
      const triggers = state.run.onBuild;
      const run = { ...state.run, onBuild: [] };
      return { state: { ...state, run, args: new Map(), cmdSet: false }, triggers, id: await this.#idOf(state) };
    }
    const reference = parseReference(base.name);
    yield this.#scene.steps.start({ vertex: `[internal] load metadata for ${serializeReference(reference)}` });
    const image = await this.#images.find(base.name, platform);
    yield this.#scene.steps.finish();
    const shown = `${serializeReference({ ...reference, digest: image.id })}`;
    return { state: stateOf(image.config, image.layers), triggers: image.config.run.onBuild, id: image.id, shown };
  }

  async *#from(stage: PlannedStage, { state, id, shown, triggers }: StageBase, counted: number): Events<StageState> {
    const { source } = stage.definition.from;
    const told = triggers.length > 0 ? { triggers: triggers.length } : {};
    const vertex = shown === undefined ? {} : { vertex: `${this.#vertexName(stage, 1, counted)} FROM ${shown}` };
    yield this.#scene.steps.start({ ...vertex, ...told, instruction: this.#numbered(source) });
    yield this.#scene.steps.finish(id);
    return state;
  }

  async *#instruction(
    stage: PlannedStage,
    state: StageState,
    instruction: StageInstruction,
    { name, isTrigger }: { readonly name: string | undefined; readonly isTrigger: boolean },
  ): Events<StageState> {
    const { steps, scope } = this.#scene;
    const shown = shownText(instruction, (text) => expander(state, scope)(text).text);
    yield steps.start({
      ...(name !== undefined && { vertex: `${name} ${shown}` }),
      ...(!isTrigger && { instruction: this.#numbered(instruction.source) }),
    });
    try {
      const { next, cached } = yield* this.#apply(stage, state, instruction, shown);
      const id = await this.#idOf(next);
      yield cached ? steps.cached(id) : steps.finish(id);
      return next;
    } catch (error) {
      if (error instanceof InstructionProblem) throw placed(error, this.#scene.place.range);
      throw error;
    }
  }

  async *#apply(
    stage: PlannedStage,
    state: StageState,
    instruction: StageInstruction,
    shown: string,
  ): Events<{ readonly next: StageState; readonly cached: boolean }> {
    const record = (after: StageState, createdBy: string, outcome: StepOutcome) => ({
      next: recordStep(after, createdBy, {
        ...(outcome.layer && { layer: outcome.layer }),
        created: this.#created(outcome.createdAt),
      }),
      cached: outcome.cached,
    });
    if (!makesLayer(instruction)) {
      const after = applyConfig(state, instruction, this.#scene.scope);
      const createdBy = configText(instruction, state, shown);
      return record(after, createdBy, await this.#describe(configOf(after), createdBy));
    }
    switch (instruction.is) {
      case 'copy':
      case 'add': {
        const from = instruction.is === 'copy' ? instruction.from : undefined;
        const tree = from === undefined ? this.#scene.context : yield* this.#tree(stage, from);
        const outcome = await copyStep(this.#scene, state, instruction, tree, this.#keys);
        return record(state, `${shown} # buildkit`, outcome);
      }
      case 'run': {
        const spec = runSpec(instruction, state, this.#scene.scope, this.#scene.options.network);
        const find = (from: string | undefined): Events<readonly Digest[]> => this.#mountLayers(stage, from);
        return record(state, spec.createdBy, yield* runStep(this.#scene, state, spec, this.#keys, find));
      }
      case 'workdir': {
        const { after, outcome } = await this.#workdir(state, instruction);
        return record(after, shown, outcome);
      }
    }
  }

  /** When that instruction was first done: what is built again from what is known has its date, as with docker. */
  async #describe(after: ImageConfig, instruction: string): Promise<StepOutcome> {
    return this.#scene.store.describe(await this.#keys.ofConfig(after, instruction), this.#keys.useCache);
  }

  async #workdir(state: StageState, { value }: WorkdirInstruction) {
    const path = absolutePath(state.run.workingDir || '/', expander(state, this.#scene.scope)(value).text);
    const workingDir = path.replace(/(.)\/$/, '$1');
    const request = { below: diffIdsOf(state.layers), path: workingDir, time: this.#scene.time };
    const outcome = await this.#scene.store.makeDirectory(request, this.#keys.ofFiles());
    return { after: { ...state, run: { ...state.run, workingDir } }, outcome };
  }

  /** The tree of a stage or an image, to copy from. */
  async *#tree(stage: PlannedStage, from: string): Events<CopyTree> {
    const source = findSource(from, this.#names.slice(0, stage.index));
    return { layers: yield* this.#layersOf(source, stage.platform), isContext: false };
  }

  async *#layersOf(source: StageSource, platform: Platform = this.#scene.platform): Events<readonly Digest[]> {
    if (source.is === 'scratch') return [];
    if (source.is === 'image') return diffIdsOf((await this.#images.find(source.name, platform)).layers);
    const { range } = this.#scene.place;
    const state = yield* this.build(source.index);
    this.#scene.place.range = range;
    return diffIdsOf(state.layers);
  }

  async *#mountLayers(stage: PlannedStage, from: string | undefined): Events<readonly Digest[]> {
    if (from !== undefined) return (yield* this.#tree(stage, from)).layers;
    const { context, time, store } = this.#scene;
    if (!context.ignore?.length) return context.layers;
    this.#filtered ??= (
      await store.copy(
        {
          ...{ below: [], from: context, sources: ['.'], files: [], destination: '/', excludes: [] },
          ...{ parents: false, unpack: false, time },
        },
        this.#keys.ofFiles(),
      )
    ).layer?.diffId;
    return this.#filtered === undefined ? [] : [this.#filtered];
  }

  #idOf(state: StageState): Promise<Digest> {
    return this.#scene.store.identify(configOf(state), state.layers);
  }

  #numbered(text: string) {
    this.#index += 1;
    return { text, index: this.#index, total: this.#total };
  }

  /** `[build 2/4]` */
  #vertexName({ index, definition }: PlannedStage, number: number, counted: number): string {
    const { name } = definition.from;
    const shown = this.#scene.plan.stages.length === 1 ? '' : (name ?? `stage-${index}`);
    return `[${shown === '' ? '' : `${shown} `}${number}/${counted}]`;
  }

  #created(milliseconds: number): string {
    const { sourceDateEpoch } = this.#scene.options;
    return new Date(sourceDateEpoch === undefined ? milliseconds : sourceDateEpoch * 1000).toISOString();
  }
}

interface StageBase {
  readonly state: StageState;
  readonly triggers: readonly string[];
  /** Of the image, or of what that of a stage would be; scratch has none. */
  readonly id?: Digest;
  /** The image, as BuildKit shows it. */
  readonly shown?: string;
}

function makesLayer(instruction: StageInstruction): instruction is Exclude<StageInstruction, ConfigInstruction> {
  const { is } = instruction;
  return is === 'run' || is === 'copy' || is === 'add' || is === 'workdir';
}

/** What history says of it. */
function configText(instruction: ConfigInstruction, { run }: StageState, shown: string): string {
  if (instruction.is !== 'cmd' && instruction.is !== 'entrypoint') return shown;
  const words = argvOf(instruction.command, run).map((word) => JSON.stringify(word));
  return `${instruction.is.toUpperCase()} [${words.join(' ')}]`;
}

/** An instruction as it is told: with its keyword in capitals, and with variables replaced where they are. */
function shownText(instruction: StageInstruction, expand: (text: string) => string): string {
  const { source, is } = instruction;
  const text = source.replace(/^\S+/, (keyword) => keyword.toUpperCase());
  if (is === 'run' || is === 'cmd' || is === 'entrypoint' || is === 'onbuild' || is === 'arg') return text;
  try {
    return expand(text);
  } catch (error) {
    if (error instanceof InstructionProblem) return text;
    throw error;
  }
}

function placed({ message }: InstructionProblem, range: SourceRange | undefined): SandboxError {
  const details = range ? { line: range.start.line, column: range.start.column } : {};
  return new SandboxError('InvalidArgument', message, { details });
}
