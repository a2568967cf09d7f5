import type { PullEvent, PulledImage, PullOptions, PullStatus } from '../../api/distribution';
import type { ImageContent, Lease, Platform } from '../../api/image';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { parseImageConfig } from '../../formats/image-config';
import { isImageConfig } from '../../formats/image-document';
import type { Descriptor } from '../../formats/oci';
import { documentLimit } from '../../formats/oci-parse';
import { familiarReference, type Reference, serializeReference } from '../../formats/reference';
import { choosePlatform, guestPlatform, isRealPlatform } from '../images/choose-platform';
import { checkSignature, type SignatureFinding } from '../signing/check-signature';
import { fetchDocument } from './fetch-document';
import { type FoundManifest, findManifest } from './find-manifest';
import type { ImageSource } from './image-source';
import { LayerLines } from './layer-lines';
import { resumableBlob } from './resumable-blob';
import { runPool } from './run-pool';

export interface PullContext {
  readonly source: ImageSource;
  readonly content: ImageContent;
  readonly clock: Clock;
}

/** Layers that move at the same time, as docker's. */
const concurrentLayers = 3;

/**
 * Brings an image of one platform into the content, and makes the reference name it. Only what is missing moves. Nothing is
 * seen of it before everything is there; what came before a failure stays for the next pull as long as its lease lasts, and
 * what came before it was canceled goes.
 * Errors: those of the source and of the content; `FailedPrecondition` when there is no image for the platform, or the
 * policy wants a signature that is not there.
 */
export async function pullImage(
  reference: Reference,
  context: PullContext,
  options: PullOptions,
): Promise<PulledImage> {
  const pull = new Pull(reference, context, options);
  return pull.run();
}

class Pull {
  readonly #reference: Reference;
  readonly #context: PullContext;
  readonly #options: PullOptions;
  readonly #lines: LayerLines<PullStatus>;
  #transferred = 0;

  constructor(reference: Reference, context: PullContext, options: PullOptions) {
    this.#reference = reference;
    this.#context = context;
    this.#options = options;
    this.#lines = new LayerLines<PullStatus>(context.clock, options.onEvent);
  }

  async run(): Promise<PulledImage> {
    const { content } = this.#context;
    const { tag = 'latest', digest } = this.#reference;
    this.#say(`${digest ?? tag}: Pulling from ${this.#reference.repository}`);
    const query = { tagOrDigest: digest ?? tag, name: this.#name, platform: this.#platform };
    const found = await findManifest(this.#context.source, query, this.#operation);
    const { state: signature, checked } = await this.#checkSignature(found);
    const lease = await content.lease();
    try {
      await this.#bring(found, lease);
      const { digest: root } = found.documents[0].descriptor;
      const name = serializeReference(this.#reference);
      const before = await content.resolve(name).catch(() => undefined);
      await content.tag(name, found.documents[0].descriptor);
      if (checked) await content.keepSignature(root, checked);
      await lease.release();
      const isNews = before?.digest !== root || this.#transferred > 0;
      this.#say(`Digest: ${root}`);
      this.#say(`Status: ${isNews ? 'Downloaded newer image' : 'Image is up to date'} for ${this.#name}`);
      const { digest: manifest } = found.descriptor;
      return { reference: name, digest: root, manifest, signature, transferred: this.#transferred };
    } catch (error) {
      await this.#giveUp(lease);
      throw error;
    }
  }

  /** Everything of the image, but its name. */
  async #bring(found: FoundManifest, lease: Lease): Promise<void> {
    const { content } = this.#context;
    await this.#putConfig(found, lease);
    const layers = distinct(found.manifest.layers);
    for (const layer of layers) this.#lines.update(layer, 'Pulling fs layer');
    await runPool(layers, concurrentLayers, this.#options.signal, (layer, signal) =>
      this.#putLayer(layer, lease, signal),
    );
    for (const { descriptor, bytes } of [...found.documents].reverse()) {
      if (!(await content.has(descriptor, lease))) await content.put(descriptor, once(bytes), lease, this.#operation);
    }
  }

  /** What came stays for the next attempt, unless nobody wants it any more. */
  async #giveUp(lease: Lease): Promise<void> {
    if (!this.#options.signal?.aborted) {
      lease.leave();
      return;
    }
    // Why it was given up is what the caller must see; what is left is found by the next collection.
    await lease.release().catch(() => undefined);
    await this.#context.content.collect().catch(() => undefined);
  }

  get #operation(): { readonly signal?: AbortSignal } {
    const { signal } = this.#options;
    return signal ? { signal } : {};
  }

  get #name(): string {
    return familiarReference(this.#reference);
  }

  get #platform(): Platform {
    return this.#options.platform ?? guestPlatform;
  }

  async #checkSignature({ documents }: FoundManifest): Promise<SignatureFinding> {
    const { policy = { rules: [] } } = this.#options;
    const digests = documents.map(({ descriptor }) => descriptor.digest);
    const finding = await checkSignature(
      { source: this.#context.source, clock: this.#context.clock, reference: this.#reference, policy, digests },
      this.#operation,
    );
    if (finding.warning !== undefined) this.#emit({ kind: 'warning', text: finding.warning });
    return finding;
  }

  /** Before any layer: an image for another machine is refused before it has cost anything. */
  async #putConfig({ manifest: { config, layers } }: FoundManifest, lease: Lease): Promise<void> {
    const { content, source, clock } = this.#context;
    if (config.size > documentLimit) {
      const message = `Cannot pull ${this.#name}: its config ${config.digest} has ${config.size} bytes, at most ${documentLimit} are read`;
      throw new SandboxError('InvalidArgument', message, { details: { digest: config.digest } });
    }
    const isThere = await content.has(config, lease);
    const signal = this.#options.signal ?? new AbortController().signal;
    const bytes = isThere
      ? await content.read(config.digest, this.#operation)
      : await fetchDocument(source, config, { clock, signal });
    if (isImageConfig(config.mediaType)) {
      const { platform, diffIds } = parseImageConfig(bytes);
      // What has no platform is no image but something else in the form of one, as signatures are.
      if (isRealPlatform(platform)) choosePlatform(this.#name, [{ platform }], this.#platform);
      if (diffIds.length !== layers.length) {
        const message = `Cannot pull ${this.#name}: its config ${config.digest} has ${diffIds.length} layers, its manifest ${layers.length}`;
        throw new SandboxError('InvalidArgument', message, { details: { digest: config.digest } });
      }
    }
    if (isThere) return;
    this.#transferred += bytes.length;
    await content.put(config, once(bytes), lease, this.#operation);
  }

  async #putLayer(layer: Descriptor, lease: Lease, signal: AbortSignal): Promise<void> {
    if (await this.#context.content.has(layer, lease)) {
      this.#lines.update(layer, 'Already exists');
      return;
    }
    try {
      await this.#downloadLayer(layer, lease, signal, 'default');
    } catch (error) {
      // A second attempt goes past the HTTP cache; then it is the server's bytes that are wrong.
      if (!(error instanceof SandboxError && error.code === 'DataLoss')) throw error;
      this.#lines.update(layer, 'Retrying');
      await this.#downloadLayer(layer, lease, signal, 'reload');
    }
    this.#lines.update(layer, 'Pull complete');
  }

  async #downloadLayer(layer: Descriptor, lease: Lease, signal: AbortSignal, cache: RequestCache): Promise<void> {
    const { source, content, clock } = this.#context;
    let came = 0;
    let complete = false;
    const bytes = resumableBlob(source, layer, {
      clock,
      signal,
      cache,
      onBytes: (received, moved) => {
        this.#transferred += moved - came;
        came = moved;
        complete = received === layer.size;
        this.#lines.update(layer, 'Downloading', received, layer.size);
        if (complete) this.#lines.update(layer, 'Download complete');
      },
      onRetry: () => this.#lines.update(layer, 'Retrying'),
    });
    await content.put(layer, bytes, lease, {
      signal,
      // A layer is unpacked while it comes; only what is left then is worth a line.
      onProgress: ({ done, total }) => {
        if (complete) this.#lines.update(layer, 'Extracting', done, total);
      },
    });
  }

  #say(text: string): void {
    this.#emit({ kind: 'message', text });
  }

  #emit(event: PullEvent): void {
    this.#options.onEvent?.(event);
  }
}

/** A layer may be used twice in one image; it moves once. */
function distinct(layers: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
