import type { BuildMount, BuildRunRequest } from '../../api/build';
import type { Digest } from '../../api/content-store';
import { toHex } from '../../base/bytes';
import { digestOf } from '../../formats/digest';
import { type ImageConfig, serializeImageConfig } from '../../formats/image-config';
import type { StepUse } from '../../storage/builds/build-service';

/** By what steps of a build are known again. */
export class StepKeys {
  readonly #useCache: boolean;
  readonly #latest: number | undefined;

  constructor({ noCache, latest }: { readonly noCache: boolean; readonly latest: number | undefined }) {
    this.#useCache = !noCache;
    this.#latest = latest;
  }

  get useCache(): boolean {
    return this.#useCache;
  }

  /** A layer of files is known by what is in it, so nothing but the limit of its times has to be added. */
  ofFiles(): StepUse {
    return { parent: JSON.stringify([this.#latest ?? null]), useCache: this.#useCache };
  }

  /** An instruction that changes what an image says is known by what that is after it, and by its own text. */
  async ofConfig(after: ImageConfig, instruction: string): Promise<Digest> {
    const seen = ['config', this.#latest ?? null, instruction, await digestOf(serializeImageConfig(after))];
    return digestOf(new TextEncoder().encode(JSON.stringify(seen)));
  }

  /** A RUN is known by all that its process sees, the layers below first. Not by what caches and secrets have. */
  ofRun(request: BuildRunRequest): Promise<Digest> {
    const { mounts, ...rest } = request;
    const seen = ['run', this.#latest ?? null, rest, mounts.map(seenOf)];
    return digestOf(new TextEncoder().encode(JSON.stringify(seen)));
  }
}

function seenOf(mount: BuildMount): unknown {
  if (mount.kind !== 'file') return mount;
  const { bytes, ...rest } = mount;
  return mount.target.startsWith('/dev/pipes/') ? { ...rest, bytes: toHex(bytes) } : rest;
}
