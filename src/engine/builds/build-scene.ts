import type { BuildOptions, BuildRunner } from '../../api/build';
import type { Digest } from '../../api/content-store';
import type { Platform } from '../../api/image';
import type { SelectedImage } from '../../api/image-summary';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { Dockerfile, SourceRange } from '../../formats/dockerfile/instruction';
import type { CopyTree } from '../../storage/builds/copy-request';
import type { BuildSteps } from './build-steps';
import type { BuildStore } from './build-store';
import type { Fetch } from './fetch-source';
import type { StagePlan } from './stage-plan';
import type { BuildScope } from './stage-state';

/** Brings an image here. Errors as of `Registries.pull`. */
export type PullImage = (name: string, platform: Platform, operation: Operation) => Promise<unknown>;

/** Where a build gets what it does not have itself. */
export interface BuildMeans {
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly pull: PullImage | undefined;
  readonly runner: BuildRunner | undefined;
}

/** What is known of a build once its Dockerfile was read. */
export interface BuildScene {
  readonly means: BuildMeans;
  readonly options: BuildOptions;
  readonly operation: Operation;
  readonly store: BuildStore;
  readonly steps: BuildSteps;
  readonly dockerfile: Dockerfile;
  readonly scope: BuildScope;
  readonly plan: StagePlan;
  readonly platform: Platform;
  readonly context: CopyTree;
  /** Of what is made now, seconds since the epoch. */
  readonly time: number;
  /** Where the instruction stands that is being done. */
  readonly place: { range: SourceRange | undefined };
}

/** Images that a build stands on, each looked up once. */
export class BaseImages {
  readonly #scene: BuildScene;
  readonly #known = new Map<string, Promise<SelectedImage>>();

  constructor(scene: BuildScene) {
    this.#scene = scene;
  }

  find(name: string, platform: Platform): Promise<SelectedImage> {
    const key = JSON.stringify([name, platform]);
    const known = this.#known.get(key) ?? this.#load(name, platform);
    this.#known.set(key, known);
    return known;
  }

  async #load(name: string, platform: Platform): Promise<SelectedImage> {
    const { store, options } = this.#scene;
    if (options.pull) await this.#pull(name, platform);
    try {
      return await store.base(name, platform);
    } catch (error) {
      const isAway =
        error instanceof SandboxError && (error.code === 'NotFound' || error.code === 'FailedPrecondition');
      if (options.pull || !isAway || !this.#scene.means.pull) throw error;
      await this.#pull(name, platform);
      return store.base(name, platform);
    }
  }

  async #pull(name: string, platform: Platform): Promise<void> {
    const { means, operation } = this.#scene;
    if (!means.pull) throw new SandboxError('Unimplemented', `${name} cannot be pulled here`);
    await means.pull(name, platform, operation);
  }
}

/** The diffIDs of layers. */
export function diffIdsOf(layers: readonly { readonly diffId: Digest }[]): readonly Digest[] {
  return layers.map(({ diffId }) => diffId);
}
