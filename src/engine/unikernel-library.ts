import type { Digest } from '../api/content-store';
import type { Operation } from '../api/operation';
import type {
  UnikernelBuilds,
  UnikernelDevice,
  UnikernelImageSource,
  UnikernelModule,
  UnikernelVariant,
} from '../api/unikernel';
import { SandboxError, toSandboxError } from '../base/errors';
import { isDigest } from '../formats/digest';
import { storedForm } from '../formats/oci-parse';
import { isUnikernel, unikernelPart } from '../formats/unikernel-image';
import type { Artifact } from '../storage/artifact-source';
import type { BlobClient } from './blob-client';
import type { ArtifactLoader } from './store-client';

/** What modules that users bring are kept under in the store. */
export const moduleLabel = 'unikernel module';

/** Unikernels of ours; which of them there are is the registry's to say. */
const knownNames = ['hello', 'httpd', 'kv', 'dns', 'lb', 'click', 'search'] as const;

/** Between the name of a module that is a blob of the store and its digest, and the digest of its asyncify build if there is one. */
const digestMark = '@';

/** A unikernel that can be started. */
export interface UnikernelOffer {
  /** What it is, in short: "httpd". */
  readonly name: string;
  readonly image: string;
}

/** Reads what a module declares; the driver of unikernels does. */
export type ReadDevices = (image: string) => Promise<readonly UnikernelDevice[]>;

/** Modules from the registry, and modules that users have brought, which are blobs of the store. */
export class UnikernelLibrary implements UnikernelImageSource {
  readonly #loader: ArtifactLoader;
  readonly #blobs: BlobClient;
  /** Brought since the page was opened: nobody may have made an instance of them yet. */
  readonly #brought = new Set<string>();

  constructor(loader: ArtifactLoader, blobs: BlobClient) {
    this.#loader = loader;
    this.#blobs = blobs;
  }

  async load(image: string, variant: UnikernelVariant, operation?: Operation): Promise<UnikernelModule> {
    if (broughtDigest(image)) return this.#loadStored(image, variant);
    const artifact = await this.#loader.resolve(image);
    const part = partOf(artifact, variant);
    const layer = artifact.manifest.layers[part];
    if (!layer) throw new SandboxError('NotFound', `The image ${image} has no build of the kind "${variant}"`);
    const bytes = await this.#loader.load({ reference: image, part }, operation);
    return { digest: storedForm(layer).digest, bytes };
  }

  /** What a name of the registry stands for now. `NotFound` for one that it does not have. */
  async digestOf(reference: string): Promise<Digest> {
    return (await this.#loader.resolve(reference)).descriptor.digest;
  }

  /** Those of ours that the registry has. */
  async offers(): Promise<readonly UnikernelOffer[]> {
    const offers = knownNames.map(async (name): Promise<readonly UnikernelOffer[]> => {
      const image = `strata/unikernel-${name}:1`;
      try {
        await this.#loader.resolve(image);
        return [{ name, image }];
      } catch (thrown) {
        if (toSandboxError(thrown).code === 'NotFound') return [];
        throw thrown;
      }
    });
    return (await Promise.all(offers)).flat();
  }

  /** Stores a module that a user brings, and checks it by `read`: what cannot be run is not kept. */
  async bring(file: string, bytes: ArrayBuffer, read: ReadDevices): Promise<UnikernelOffer> {
    const { digest } = await this.#blobs.put(bytes, moduleLabel);
    const { name, image } = broughtImage(file, digest);
    this.#brought.add(image);
    try {
      await read(image);
    } catch (error) {
      this.#brought.delete(image);
      // What is of no use takes room until the next sweep, if it cannot be deleted now.
      await this.#blobs.delete(digest).catch(() => {});
      throw error;
    }
    return { name, image };
  }

  /** Deletes modules that were brought and are used by none of these any more. */
  async sweep(images: readonly string[]): Promise<void> {
    const kept = [...images, ...this.#brought].flatMap((image) => broughtDigest(image) ?? []);
    await this.#blobs.sweep(moduleLabel, kept);
  }

  async #loadStored(image: string, variant: UnikernelVariant): Promise<UnikernelModule> {
    const digest = image.split(digestMark)[variant === 'module' ? 1 : 2];
    if (!isDigest(digest)) throw new SandboxError('NotFound', `${image} has no build of the kind "${variant}"`);
    const [bytes] = await this.#blobs.read([digest]);
    if (!bytes) throw new SandboxError('NotFound', `No such module: ${image}`);
    return { digest, bytes };
  }
}

/** What an instance of an image is called when nobody gives it a name. */
export function moduleStem(image: string): string {
  const [path = ''] = image.split(digestMark);
  const last = path.split('/').at(-1)?.split(':')[0] ?? '';
  return labelOf(last.replace(/^unikernel-/, ''));
}

/** What an image is called for people: "strata/unikernel-httpd:1", or the name of the file it was. */
export function imageLabel(image: string): string {
  return image.split(digestMark)[0] ?? image;
}

/** The image that a module is which a user has brought: blob and name of the file. */
export function broughtImage(file: string, digest: Digest): { readonly name: string; readonly image: string } {
  const name = labelOf(file.replace(/\.wasm$/i, ''));
  return { name, image: `local/${name}${digestMark}${digest}` };
}

/** The image that modules are which the store has with an image of its own. */
export function storedImage(name: string, { module, asyncify }: UnikernelBuilds): string {
  return [name, module, ...(asyncify === undefined ? [] : [asyncify])].join(digestMark);
}

/** The blob of such an image. */
export function broughtDigest(image: string): Digest | undefined {
  const digest = image.split(digestMark)[1];
  return isDigest(digest) ? digest : undefined;
}

function partOf({ reference, descriptor, manifest }: Artifact, variant: UnikernelVariant): number {
  if (isUnikernel(manifest, descriptor)) return unikernelPart(manifest, variant);
  const type = manifest.artifactType ?? descriptor.artifactType ?? 'of no type';
  throw new SandboxError('InvalidArgument', `The image ${reference} is no unikernel but ${type}`);
}

/** A host label (RFC 1123) that is as near to a text as can be. */
function labelOf(text: string): string {
  const label = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return label === '' ? 'unikernel' : label;
}
