import type { Digest } from '../../api/content-store';
import type { Operation } from '../../api/operation';
import { concatBytes } from '../../base/bytes';
import { SandboxError, throwIfAborted, toSandboxError } from '../../base/errors';
import { chunksOf } from '../../base/streams';
import { readArchiveEntries } from '../../formats/archive-entries';
import { createDigester } from '../../formats/digest';
import { type ImageDocument, isImageDocument, parseImageDocument } from '../../formats/image-document';
import { type LabDocument, labTypes, parseLabDocument } from '../../formats/lab-document';
import { annotations, type Descriptor, type Index } from '../../formats/oci';
import { digestOfPath, requireLayout } from '../../formats/oci-archive';
import { documentLimit, parseIndex, parseManifest } from '../../formats/oci-parse';
import { imageArchiveLimits } from './archive-limits';

/** An image of an archive that is there with all its blobs. */
export interface WholeImage {
  readonly descriptor: Descriptor;
  readonly blobs: readonly Digest[];
}

/** A lab's archive after one pass over all of it. */
export interface ScannedLab {
  readonly document: LabDocument;
  /** Blobs that are what their names say, with their bytes, in the archive's order. */
  readonly sound: ReadonlyMap<Digest, number>;
  readonly images: readonly WholeImage[];
  /** Names of images that are not whole. */
  readonly lostImages: readonly string[];
  /** Bytes of the file. */
  readonly bytes: number;
}

/** Bytes of all documents that are kept; an image has three, of a few kilobytes. */
const documentsLimit = 64 * 1024 ** 2;

/**
 * Reads all of an archive and compares every blob with its name. A blob that is damaged or missing is no error here, but for
 * those that say what the archive is. Errors: `InvalidArgument` for what is no lab, `FailedPrecondition` for one of a
 * later version, `DataLoss` when the lab's own record is damaged, `Canceled`.
 */
export async function scanLabArchive(
  open: () => ReadableStream<Uint8Array>,
  { signal, onProgress }: Operation = {},
): Promise<ScannedLab> {
  const pass = new Pass();
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunksOf(open())) {
      throwIfAborted(signal);
      bytes += chunk.length;
      onProgress?.({ phase: 'Comparing every blob with its digest', done: bytes });
      yield chunk;
    }
  };
  try {
    for await (const { name, size, body } of readArchiveEntries(counted(), imageArchiveLimits)) {
      await pass.take(name, size, body);
    }
  } catch (thrown) {
    // What came before the end is there; what did not is missing.
    if (toSandboxError(thrown).code !== 'DataLoss') throw thrown;
  }
  return { ...pass.result(), bytes };
}

class Pass {
  readonly #sound = new Map<Digest, number>();
  readonly #documents = new Map<Digest, Uint8Array<ArrayBuffer>>();
  /** Documents that others name, so that they are kept when they come. */
  readonly #named = new Set<Digest>();
  readonly #files = new Map<string, Uint8Array<ArrayBuffer>>();
  #kept = 0;
  #index: Index | undefined;

  async take(name: string, size: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    const digest = digestOfPath(name);
    if (name === 'oci-layout' || name === 'index.json') {
      if (size > documentLimit) throw refused(`${name} has ${size} bytes, at most ${documentLimit} are read`);
      this.#files.set(name, await collect(body));
      if (name === 'index.json') this.#readIndex();
      return;
    }
    if (!digest) return;
    const keep = this.#named.has(digest) && size <= documentLimit && this.#kept + size <= documentsLimit;
    const parts: Uint8Array[] = [];
    const digester = await createDigester();
    for await (const part of body) {
      digester.update(part);
      if (keep) parts.push(part.slice());
    }
    if (digester.digest() !== digest) return;
    this.#sound.set(digest, size);
    if (!keep) return;
    this.#kept += size;
    const bytes = concatBytes(parts);
    this.#documents.set(digest, bytes);
    this.#follow(bytes);
  }

  result(): Omit<ScannedLab, 'bytes'> {
    const index = this.#index;
    requireLayout(this.#files.get('oci-layout'));
    if (!index) throw refused('it has no index.json');
    const lab = index.manifests.find(({ artifactType }) => artifactType === labTypes.lab);
    if (!lab) throw refused('no lab is in it');
    const manifest = parseManifest(this.#document(lab.digest));
    const document = parseLabDocument(this.#document(manifest.config.digest));
    const images: WholeImage[] = [];
    const lostImages: string[] = [];
    for (const descriptor of index.manifests) {
      if (descriptor.artifactType !== undefined || !isImageDocument(descriptor.mediaType)) continue;
      const blobs = this.#blobsOf(descriptor);
      if (blobs) images.push({ descriptor, blobs });
      else lostImages.push(descriptor.annotations?.[annotations.imageName] ?? descriptor.digest);
    }
    return { document, sound: this.#sound, images, lostImages };
  }

  #readIndex(): void {
    this.#index = parseIndex(this.#files.get('index.json') ?? new Uint8Array());
    for (const { digest } of this.#index.manifests) this.#named.add(digest);
  }

  /** What a manifest or an index names comes behind it. */
  #follow(bytes: Uint8Array): void {
    try {
      const { config, manifests = [] } = JSON.parse(new TextDecoder().decode(bytes)) as {
        readonly config?: Descriptor;
        readonly manifests?: readonly Descriptor[];
      };
      for (const each of [config, ...manifests]) if (each) this.#named.add(each.digest);
    } catch {
      // A config need not name anything, and what is no document is told when it is read.
    }
  }

  /** The lab's own record, without which nothing can be opened. */
  #document(digest: Digest): Uint8Array {
    const bytes = this.#documents.get(digest);
    if (bytes) return bytes;
    throw new SandboxError('DataLoss', `The archive's record of the lab is damaged or missing (${digest})`, {
      details: { digest },
    });
  }

  /** All blobs that an image needs; undefined when one is not there. Platforms that were never saved are left out. */
  #blobsOf(descriptor: Descriptor): readonly Digest[] | undefined {
    const bytes = this.#documents.get(descriptor.digest);
    const document = bytes && parsedOrNothing(descriptor, bytes);
    if (!document) return undefined;
    if (document.kind === 'index') {
      const parts = document.index.manifests.flatMap((each) =>
        [this.#blobsOf(each) ?? []].filter((some) => some.length > 0),
      );
      return parts.length === 0 ? undefined : [descriptor.digest, ...parts.flat()];
    }
    const { config, layers } = document.manifest;
    const needed = [config, ...layers].map(({ digest }) => digest);
    return needed.every((digest) => this.#sound.has(digest)) ? [descriptor.digest, ...needed] : undefined;
  }
}

function parsedOrNothing(descriptor: Descriptor, bytes: Uint8Array): ImageDocument | undefined {
  try {
    return parseImageDocument(descriptor, bytes);
  } catch {
    return undefined;
  }
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part.slice());
  return concatBytes(parts);
}

function refused(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not a lab with its data: ${what}`);
}
