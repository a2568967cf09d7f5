import type { Digest } from '../../api/content-store';
import type { DiskGeneration, DiskId } from '../../api/disk';
import type { Operation } from '../../api/operation';
import { SandboxError, throwIfAborted, toSandboxError } from '../../base/errors';
import { chunksOf } from '../../base/streams';
import { readArchiveEntries } from '../../formats/archive-entries';
import {
  type ArchivedRecord,
  archivedCollections,
  type LabDocument,
  labTypes,
  serializeLabDocument,
} from '../../formats/lab-document';
import { annotations, type Descriptor, type Index, type Manifest, mediaTypes } from '../../formats/oci';
import { type ArchiveBlob, digestOfPath, writeOciArchive } from '../../formats/oci-archive';
import { documentLimit, parseIndex } from '../../formats/oci-parse';
import { logLabel } from '../containers/log-store';
import { archiveBlobOf, type PackedLayer, packDocument, packLayer } from '../pack-layer';
import { readVolume } from '../volume-export';
import { imageArchiveLimits } from './archive-limits';
import { dataOf, generationKey } from './lab-data';
import type { LabStores } from './lab-source';

/** What is said of a lab beside its data. */
export interface LabCover {
  readonly name: string;
  readonly notes: string;
  /** The lab as a text, for people and other programs. */
  readonly scenario: string;
  /** Milliseconds since the epoch. */
  readonly savedAt: number;
}

/**
 * The whole lab as one file: a tar that is an OCI image layout, with images as any registry client finds them, and the
 * lab's records, disks and memory as one artifact beside them; docs/ARCHIVE.md. What is not the images' is packed before the
 * first byte comes, so that what is missing is an error and not half a file.
 */
export async function writeLabArchive(
  cover: LabCover,
  stores: LabStores,
  operation: Operation = {},
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const records = await readRecords(stores);
  const packing = new Packing(stores, operation);
  const data = dataOf(records);
  const disks: Record<string, Digest> = {};
  for (const generation of data.generations) {
    disks[generationKey(generation)] = await packing.disk(generation);
  }
  for (const { disk, as } of data.heads) {
    // A machine that was saved goes on with what its disks were at that instant.
    disks[disk] = as ? await packing.disk(as) : await packing.head(disk);
  }
  const memory: Record<string, Digest> = {};
  for (const digest of data.memory) memory[digest] = await packing.memory(digest);
  for (const blob of data.blobs) await packing.stored(blob);
  const document: LabDocument = {
    name: cover.name,
    notes: cover.notes,
    savedAt: cover.savedAt,
    records,
    disks,
    memory,
    blobs: data.blobs,
    folders: await packing.folders(),
  };
  const config = await packDocument(labTypes.config, serializeLabDocument(document));
  if (config.descriptor.size > documentLimit) {
    const message = `The lab has ${config.descriptor.size} bytes of records, at most ${documentLimit} can be carried away`;
    throw new SandboxError('ResourceExhausted', message);
  }
  const scenario = new TextEncoder().encode(cover.scenario);
  const text = await packDocument(labTypes.scenario, scenario);
  const layers = [titled(text, 'scenario.yaml'), ...packing.layers];
  return layOut(config, layers, { name: 'scenario.yaml', bytes: scenario }, stores.images);
}

async function readRecords({ records }: LabStores): Promise<readonly ArchivedRecord[]> {
  const all: ArchivedRecord[] = [];
  for (const collection of archivedCollections) {
    for (const { key, value } of await records.list(collection)) {
      // Empty file systems come with the page.
      if (collection === 'disks' && (value as { readonly kind?: unknown }).kind !== 'volume') continue;
      all.push({ collection, key, value });
    }
  }
  return all;
}

/** Packs each thing once, whoever names it. */
class Packing {
  readonly #stores: LabStores;
  readonly #operation: Operation;
  readonly #layers = new Map<Digest, PackedLayer>();
  readonly #disks = new Map<string, Digest>();

  constructor(stores: LabStores, operation: Operation) {
    this.#stores = stores;
    this.#operation = operation;
  }

  get layers(): readonly PackedLayer[] {
    return [...this.#layers.values()];
  }

  async disk(generation: DiskGeneration): Promise<Digest> {
    const key = generationKey(generation);
    const known = this.#disks.get(key);
    if (known) return known;
    this.#begin('Packing disks');
    const { disks, lost } = this.#stores;
    const { id } = await disks.fork(generation);
    const { stream } = await readVolume({ disks, disk: id, name: key, form: 'tar', lost });
    const digest = this.#add(await packLayer(labTypes.disk, `${key}.img.tar.gz`, chunksOf(stream)));
    this.#disks.set(key, digest);
    return digest;
  }

  /** As it is now, whether somebody has it open or not. */
  async head(disk: DiskId): Promise<Digest> {
    const { disks } = this.#stores;
    const frozen = await disks.freeze(disk);
    try {
      return await this.disk(frozen);
    } finally {
      await disks.deleteGeneration(frozen).catch(() => {});
    }
  }

  async memory(digest: Digest): Promise<Digest> {
    this.#begin('Packing memory');
    const [bytes = new ArrayBuffer()] = await this.#stores.blobs.read([digest]);
    return this.#add(
      await packLayer(labTypes.memory, `memory-${digest.slice(7, 19)}.gz`, pieces(new Uint8Array(bytes))),
    );
  }

  async stored({ digest, label }: LabDocument['blobs'][number]): Promise<void> {
    this.#begin('Packing modules and files');
    const [bytes] = await this.#stores.blobs.read([digest]).catch((thrown: unknown) => {
      // A full log has given up its oldest piece meanwhile.
      if (label === logLabel && toSandboxError(thrown).code === 'NotFound') return [];
      throw thrown;
    });
    if (!bytes) return;
    const descriptor: Descriptor = { mediaType: labTypes.blob, digest, size: bytes.byteLength };
    this.#add({ descriptor, packed: new Blob([bytes]) });
  }

  async folders(): Promise<LabDocument['folders']> {
    const { folders } = this.#stores;
    const packed: LabDocument['folders'][number][] = [];
    for (const { name, quotaBytes } of (await folders?.list()) ?? []) {
      this.#begin('Packing folders');
      const folder = await folders?.open(name);
      if (!folder) continue;
      try {
        const layer = await packLayer(labTypes.folder, `${name}.tar.gz`, chunksOf(folder.exportTar()));
        packed.push({ name, quotaBytes, blob: this.#add(layer) });
      } finally {
        folder.dispose();
      }
    }
    return packed;
  }

  #add(layer: PackedLayer): Digest {
    const { digest } = layer.descriptor;
    if (!this.#layers.has(digest)) this.#layers.set(digest, layer);
    return digest;
  }

  #begin(phase: string): void {
    throwIfAborted(this.#operation.signal);
    this.#operation.onProgress?.({ phase });
  }
}

async function layOut(
  config: PackedLayer,
  layers: readonly PackedLayer[],
  extra: { readonly name: string; readonly bytes: Uint8Array },
  images: LabStores['images'],
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const manifest = await packDocument(
    mediaTypes.manifest,
    new TextEncoder().encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        artifactType: labTypes.lab,
        config: config.descriptor,
        layers: layers.map(({ descriptor }) => descriptor),
      } satisfies Manifest),
    ),
  );
  const saved = await savedImages(images);
  const index: Index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [{ ...manifest.descriptor, artifactType: labTypes.lab }, ...saved.manifests],
  };
  const own = [manifest, config, ...layers].map(archiveBlobOf);
  const known = new Set(own.map(({ digest }) => digest));
  async function* blobs(): AsyncGenerator<ArchiveBlob> {
    yield* own;
    for await (const blob of saved.blobs) if (!known.has(blob.digest)) yield blob;
  }
  return writeOciArchive(index, blobs(), [extra]);
}

interface SavedImages {
  readonly manifests: readonly Descriptor[];
  /** In their order, each to be read before the next. */
  readonly blobs: AsyncIterable<ArchiveBlob>;
}

/** The images of the store, out of the archive that it makes of them. */
async function savedImages(images: LabStores['images']): Promise<SavedImages> {
  const ids = (await images.current()).map(({ id }) => id);
  if (ids.length === 0) return { manifests: [], blobs: none() };
  const files = readArchiveEntries(chunksOf(await images.save(ids, 'oci-archive')), imageArchiveLimits);
  for (let next = await files.next(); !next.done; next = await files.next()) {
    if (next.value.name !== 'index.json') continue;
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const part of next.value.body) parts.push(part.slice());
    const index = parseIndex(new Uint8Array(await new Blob(parts).arrayBuffer()));
    return { manifests: index.manifests, blobs: blobsOf(files) };
  }
  throw new SandboxError('Internal', 'The store saved images without an index');
}

async function* blobsOf(files: ReturnType<typeof readArchiveEntries>): AsyncGenerator<ArchiveBlob> {
  for await (const { name, size, body } of files) {
    const digest = digestOfPath(name);
    if (digest) yield { digest, size, open: () => body };
  }
}

async function* none(): AsyncGenerator<ArchiveBlob> {}

function titled({ descriptor, packed }: PackedLayer, title: string): PackedLayer {
  return { descriptor: { ...descriptor, annotations: { [annotations.title]: title } }, packed };
}

/** Bytes that go through the compressor at once. */
const pieceBytes = 1024 * 1024;

async function* pieces(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let from = 0; from < bytes.length; from += pieceBytes) yield bytes.subarray(from, from + pieceBytes);
}
