import type {
  BuildCacheUsage,
  BuildContext,
  BuildEvent,
  BuildExcerpt,
  BuildOptions,
  BuildRunner,
  CachePruneOptions,
  ImageBuilder,
} from '../../api/build';
import type { Digest } from '../../api/content-store';
import type { Platform } from '../../api/image';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { SandboxError, serializeError, throwIfAborted } from '../../base/errors';
import type { Event } from '../../base/events';
import type { Disposable } from '../../base/lifecycle';
import { InstructionProblem } from '../../formats/dockerfile/dockerfile-error';
import type { SourceRange } from '../../formats/dockerfile/instruction';
import { parseDockerfile } from '../../formats/dockerfile/parse-dockerfile';
import { dockerignorePatterns } from '../../formats/dockerignore/ignore-rules';
import type { Remote } from '../../rpc/control';
import type { BuildService } from '../../storage/builds/build-service';
import type { StoreService } from '../../storage/store-service';
import type { StoreEvent } from '../../storage/store-supervision';
import { StoreLife } from '../store-life';
import { storePart } from '../store-part';
import { buildExcerpt } from './build-excerpt';
import type { BuildMeans, BuildScene, PullImage } from './build-scene';
import { BuildSteps } from './build-steps';
import { BuildStore } from './build-store';
import { contextTar } from './context-tar';
import type { Fetch } from './fetch-source';
import { StageBuilder } from './stage-builder';
import { planStages } from './stage-plan';
import { globalArgs, isPredefinedArg } from './stage-variables';

export interface ImageBuilderOptions {
  readonly remote: Remote<StoreService>;
  /** What becomes of the store's worker, where it has one that can die. */
  readonly store?: Event<StoreEvent>;
  readonly clock: Clock;
  /** For ADD of an address. */
  readonly fetch: Fetch;
  /** Absent: only images that are here can be built on. */
  readonly pull?: PullImage;
  /** Absent: there is no RUN. */
  readonly runner?: BuildRunner;
  /** An image that was built has got a name. */
  readonly tagged?: (image: Digest, name: string) => void;
  /** The steps were forgotten, which freed that many bytes. */
  readonly pruned?: (bytes: number) => void;
}

const guestPlatform: Platform = { os: 'linux', architecture: '386' };

/**
 * Builds images of Dockerfiles as BuildKit does. The steps are decided here; bytes move in the store's worker, and
 * processes run where the {@link BuildRunner} runs them. See {@link ImageBuilder}.
 */
export class StoreImageBuilder implements ImageBuilder, Disposable {
  readonly #remote: Remote<StoreService>;
  readonly #means: BuildMeans;
  readonly #life: StoreLife;
  readonly #tagged: ImageBuilderOptions['tagged'];
  readonly #pruned: ImageBuilderOptions['pruned'];

  constructor({ remote, store, clock, fetch, pull, runner, tagged, pruned }: ImageBuilderOptions) {
    this.#remote = remote;
    this.#tagged = tagged;
    this.#pruned = pruned;
    this.#means = { clock, fetch, pull, runner };
    this.#life = new StoreLife(store);
  }

  dispose(): void {
    this.#life.dispose();
  }

  async *build(
    context: BuildContext,
    options: BuildOptions = {},
    operation: Operation = {},
  ): AsyncGenerator<BuildEvent, void, undefined> {
    const steps = new BuildSteps(this.#means.clock);
    const seen: Seen = { place: { range: undefined }, file: options.dockerfile ?? 'Dockerfile', text: undefined };
    let store: BuildStore | undefined;
    try {
      throwIfAborted(operation.signal);
      store = await BuildStore.open(this.#remote, this.#life, operation);
      yield* this.#run(store, steps, seen, context, options, operation);
    } catch (thrown) {
      yield failure(thrown, steps, seen, operation);
    } finally {
      // A store that is gone has nothing left of it.
      await store?.close().catch(() => undefined);
    }
  }

  cacheUsage(): Promise<BuildCacheUsage> {
    return storePart<BuildService>(this.#remote, 'builds').cacheUsage();
  }

  async pruneCache(options?: CachePruneOptions): Promise<number> {
    const bytes = await storePart<BuildService>(this.#remote, 'builds').pruneCache(options);
    this.#pruned?.(bytes);
    return bytes;
  }

  async *#run(
    store: BuildStore,
    steps: BuildSteps,
    seen: Seen,
    context: BuildContext,
    options: BuildOptions,
    operation: Operation,
  ): AsyncGenerator<BuildEvent, void, undefined> {
    yield steps.start({ vertex: '[internal] load build context' });
    const layers = [await store.takeContext(contextTar(context))];
    yield steps.finish();
    yield steps.start({ vertex: `[internal] load build definition from ${seen.file}` });
    const text = options.dockerfileText ?? (await store.readText(layers, seen.file));
    if (text === undefined) throw noDockerfile(seen.file);
    seen.text = text;
    const dockerfile = parseDockerfile(text);
    const { buildArgs = {}, platform = guestPlatform } = options;
    const { escapeToken } = dockerfile;
    const globals = globalArgs(dockerfile.metaArgs, buildArgs, platform, escapeToken);
    const plan = planStages(dockerfile, globals, options.target);
    yield steps.finish();
    for (const { message, line } of dockerfile.warnings) yield { kind: 'warning', message, line };
    yield steps.start({ vertex: '[internal] load .dockerignore' });
    const ignored =
      (await store.readText(layers, `${seen.file}.dockerignore`)) ?? (await store.readText(layers, '.dockerignore'));
    const ignore = dockerignorePatterns(ignored ?? '');
    yield steps.finish();
    const time = options.sourceDateEpoch ?? Math.floor(this.#means.clock.now() / 1000);
    const scene: BuildScene = {
      ...{ means: this.#means, options, operation, store, steps, dockerfile, plan, platform, time },
      ...{
        scope: { escapeToken, buildArgs, globals },
        context: { layers, ignore, isContext: true },
        place: seen.place,
      },
    };
    const stages = new StageBuilder(scene);
    const state = yield* stages.build(plan.target);
    yield* unusedArgs(scene);
    yield steps.start({ vertex: 'exporting to image' });
    throwIfAborted(operation.signal);
    const image = await store.finish(await stages.finish(state), state.layers, options.tags ?? []);
    for (const name of image.names) this.#tagged?.(image.image, name);
    yield { kind: 'built', step: steps.current ?? 0, ms: steps.elapsed, ...image };
  }
}

/** What is known when something fails. */
interface Seen {
  readonly place: { range: SourceRange | undefined };
  readonly file: string;
  text: string | undefined;
}

function* unusedArgs({ options, dockerfile, plan }: BuildScene): Generator<BuildEvent> {
  const stages = plan.needed.flatMap((index) => plan.stages[index]?.definition.instructions ?? []);
  const declared = [...dockerfile.metaArgs, ...stages].flatMap((each) => (each.is === 'arg' ? each.args : []));
  const names = new Set(declared.map(({ name }) => name));
  const isConsumed = (name: string): boolean =>
    names.has(name) || isPredefinedArg(name) || name === 'SOURCE_DATE_EPOCH';
  const unused = Object.keys(options.buildArgs ?? {}).filter((name) => !isConsumed(name));
  if (unused.length > 0) {
    yield { kind: 'warning', message: `One or more build-args [${unused.join(' ')}] were not consumed` };
  }
}

function failure(thrown: unknown, steps: BuildSteps, seen: Seen, { signal }: Operation): BuildEvent {
  const step = steps.current;
  if (signal?.aborted) {
    const error = serializeError(new SandboxError('Canceled', 'Canceled'));
    return { kind: 'failed', error, ...(step !== undefined && { step }) };
  }
  const problem = thrown instanceof InstructionProblem ? new SandboxError('InvalidArgument', thrown.message) : thrown;
  const error = serializeError(problem);
  const excerpt = excerptOf(seen, error.details['line']);
  return { kind: 'failed', error, ...(step !== undefined && { step }), ...(excerpt && { excerpt }) };
}

function excerptOf({ place, file, text }: Seen, line: unknown): BuildExcerpt | undefined {
  if (text === undefined) return undefined;
  if (place.range) return buildExcerpt(file, text, place.range.start.line, place.range.endLine);
  return typeof line === 'number' ? buildExcerpt(file, text, line, line) : undefined;
}

function noDockerfile(file: string): SandboxError {
  const message = `failed to read dockerfile: open ${file}: no such file or directory`;
  return new SandboxError('NotFound', message, { details: { file } });
}
