import type { Digest } from '../../api/content-store';
import type { DiskGeneration, DiskId } from '../../api/disk';
import type { VmDiskSpec } from '../../api/instance';
import type { NetworkSpec } from '../../api/network';
import type { Operation } from '../../api/operation';
import type { RecordChange } from '../../api/records';
import type { FolderInfo, SharedFolder } from '../../api/shared-folder';
import type { SnapshotRecord } from '../../api/snapshot';
import type { VolumeId, VolumeRecord } from '../../api/volume';
import { concatBytes } from '../../base/bytes';
import { SandboxError, throwIfAborted, toSandboxError } from '../../base/errors';
import { chunksOf, streamOf } from '../../base/streams';
import { extentsOf } from '../../formats/disk-image';
import type { ArchivedRecord, LabDocument } from '../../formats/lab-document';
import { type Index, mediaTypes } from '../../formats/oci';
import { type ArchiveBlob, type ArchivedBlob, readArchiveBlobs, writeOciArchive } from '../../formats/oci-archive';
import { parseSparseTar } from '../../formats/sparse-tar';
import { BlockPortClient } from '../../rpc/block-port';
import { stateLabel } from '../blob-client';
import type { StoredNetwork, StoredVolume } from '../containers/container-records';
import { writeExtents } from '../disk-copies';
import { emptyFolder, holdsFiles } from '../folders/empty-folder';
import { diskKey, type StoredInstance } from '../lab-records';
import { imageArchiveLimits } from './archive-limits';
import { folderTaken, refusal, requireNoConflict, sharedFoldersOf } from './find-conflict';
import { dataOf, generationKey, valuesOf } from './lab-data';
import type { LabStores } from './lab-source';
import { rewriteDisk } from './rewrite-disk';
import { type LabLoss, salvageLab } from './salvage-lab';
import type { ScannedLab } from './scan-lab-archive';

const mebibyte = 1024 * 1024;

/** RAM of the largest machine, MiB. */
const largestMemoryMiB = 1024;
/** What a saved state has beside RAM, at most: devices, the screen's memory. */
const stateOverheadMiB = 128;
/** What a tar of a folder has beside what is in its files, at most: the heads of as many files as a folder can have. */
const folderOverheadBytes = 512 * mebibyte;

/** What opening an archive came to. */
export interface OpenedLab {
  readonly losses: readonly LabLoss[];
}

export interface OpenLabOptions extends LabStores {
  readonly randomId: () => string;
}

/**
 * Brings the data of an archive into an empty lab's stores, then its images, and then its records, all at once: until they
 * are written there is no machine, volume or container of it, and when they are there is all of it. The lab has to be opened
 * anew to see them. The file is read twice more. Errors: `FailedPrecondition` where the lab is not empty or has a volume
 * or a folder of that name, `DataLoss` when the file is not what it was, `ResourceExhausted`, also for a blob that unpacks to
 * more than it can be, `Canceled`; images that came stay then, and of the rest what the next sweep takes.
 */
export async function openLabArchive(
  open: () => ReadableStream<Uint8Array>,
  scanned: ScannedLab,
  options: OpenLabOptions,
  operation: Operation = {},
): Promise<OpenedLab> {
  const { document, sound } = scanned;
  const { records, folders, losses } = salvageLab(document, (digest) => sound.has(digest));
  await requireNoConflict(records, folders, options);
  const received = new Received(document, records, folders, options);
  try {
    let done = 0;
    for await (const blob of readEach(open, received.wanted, sound)) {
      throwIfAborted(operation.signal);
      operation.onProgress?.({ phase: 'Storing disks and memory', done, total: scanned.bytes });
      await received.take(blob);
      done += blob.size;
    }
    await received.join();
    const lostImages = await loadImages(open, scanned, options, operation);
    throwIfAborted(operation.signal);
    await received.finish();
    const names = [...scanned.lostImages, ...lostImages];
    return { losses: [...losses, ...names.map((name): LabLoss => ({ kind: 'image', name }))] };
  } catch (error) {
    await received.discard();
    throw error;
  }
}

/** What has been stored of an archive so far. */
class Received {
  readonly #options: OpenLabOptions;
  readonly #records: readonly ArchivedRecord[];
  readonly #folders: LabDocument['folders'];
  readonly #blobs: ReadonlyMap<Digest, string>;
  /** What a packed layer holds, and how much of it there may be. */
  readonly #memory = new Map<Digest, { readonly digest: Digest; readonly limitBytes: number }>();
  /** Keys of the document by the blob that they are the content of. */
  readonly #disks = new Map<Digest, string[]>();
  readonly #generations = new Map<string, DiskGeneration>();
  readonly #heads = new Map<DiskId, DiskId>();
  readonly #made: DiskId[] = [];
  /** Folders that are the archive's now, by name, as they were before; undefined: they were not. */
  readonly #ownFolders = new Map<string, FolderInfo | undefined>();
  readonly #spare: DiskGeneration[] = [];
  /** New ids of volumes: whoever has one of the old ids here is somebody else. */
  readonly #volumes: ReadonlyMap<VolumeId, VolumeId>;

  constructor(
    document: LabDocument,
    records: readonly ArchivedRecord[],
    folders: LabDocument['folders'],
    options: OpenLabOptions,
  ) {
    this.#options = options;
    this.#records = records;
    this.#folders = folders;
    const data = dataOf(records);
    this.#blobs = new Map(data.blobs.map(({ digest, label }) => [digest, label]));
    for (const digest of data.memory) {
      const packed = document.memory[digest];
      if (packed) this.#memory.set(packed, { digest, limitBytes: stateLimit(records, digest) });
    }
    for (const key of [...data.heads.map(({ disk }) => disk), ...data.generations.map(generationKey)]) {
      const blob = document.disks[key];
      if (blob) this.#disks.set(blob, [...(this.#disks.get(blob) ?? []), key]);
    }
    const volumes = valuesOf<VolumeRecord>(records, 'disks');
    this.#volumes = new Map(volumes.map(({ id }) => [id, options.randomId()]));
  }

  get wanted(): ReadonlySet<Digest> {
    const folders = this.#folders.map(({ blob }) => blob);
    return new Set([...this.#blobs.keys(), ...this.#memory.keys(), ...this.#disks.keys(), ...folders]);
  }

  /** One blob may be several things: empty disks of one size are all the same. */
  async take({ digest, bytes }: ArchivedBlob): Promise<void> {
    const { blobs } = this.#options;
    const keys = this.#disks.get(digest);
    const folders = this.#folders.filter(({ blob }) => blob === digest);
    const memory = this.#memory.get(digest);
    const label = this.#blobs.get(digest);
    if (keys) await this.#writeDisk(keys, bytes);
    else if (folders.length > 0) await this.#writeFolders(folders, digest, bytes);
    else if (memory) {
      const plain = await collected(atMost(memory.limitBytes, digest, unpacked(bytes)));
      const { digest: stored } = await blobs.put(plain.buffer, stateLabel);
      if (stored !== memory.digest) throw damaged(digest);
    } else if (label !== undefined) await blobs.put((await collected(bytes)).buffer, label);
  }

  /** Writes the records. Nobody asks outside, nobody drives the engine and nobody has a folder because a file says so. */
  async finish(): Promise<void> {
    const { randomId, records } = this.#options;
    await this.#makeMissingFolders();
    const snapshots = new Map(
      valuesOf<SnapshotRecord>(this.#records, 'snapshots').map(({ id }) => [id, randomId()] as const),
    );
    const changes = this.#records.map(({ collection, key, value }): RecordChange => {
      switch (collection) {
        case 'networks':
          return { collection, key, value: confined(value) };
        case 'instances': {
          const { snapshot, ...instance } = value as StoredInstance;
          const parent = snapshot === undefined ? undefined : snapshots.get(snapshot);
          const disks = instance.disks.map((disk) => this.#head(disk));
          const spec = this.#specOf(instance.spec);
          return { collection, key, value: { ...instance, spec, disks, ...(parent && { snapshot: parent }) } };
        }
        case 'snapshots': {
          const { parent: before, ...snapshot } = value as SnapshotRecord;
          const id = snapshots.get(snapshot.id) ?? snapshot.id;
          const parent = before === undefined ? undefined : snapshots.get(before);
          const disks = snapshot.disks.map((generation) => this.#generation(generation));
          const spec = this.#specOf(snapshot.spec);
          return { collection, key: id, value: { ...snapshot, id, spec, disks, ...(parent && { parent }) } };
        }
        case 'disks': {
          const volume = this.#volume(value as VolumeRecord);
          return { collection, key: diskKey(volume), value: volume };
        }
        case 'containerVolumes': {
          const { disk, ...volume } = value as StoredVolume;
          const id = disk === undefined ? undefined : this.#volumes.get(disk);
          return { collection, key, value: { ...volume, ...(id !== undefined && { disk: id }) } };
        }
        default:
          return { collection, key, value };
      }
    });
    const given = await this.#replaced();
    // The lab has gone on all the while.
    await requireNoConflict(this.#records, this.#folders, this.#options, [...this.#ownFolders.keys()]);
    await records.apply([...given, ...changes]);
    await this.#dropSpare();
  }

  /** Nothing names it: what cannot be removed now is removed when the lab is opened. */
  async discard(): Promise<void> {
    const { disks, folders } = this.#options;
    for (const disk of [...this.#made, ...this.#heads.values()]) await disks.delete(disk).catch(() => {});
    for (const generation of this.#generations.values()) await disks.deleteGeneration(generation).catch(() => {});
    if (!folders) return;
    for (const [name, before] of this.#ownFolders) {
      await emptyFolder(folders, name).catch(() => {});
      const givenBack = before ? folders.setQuota(name, before.quotaBytes) : folders.remove(name);
      await givenBack.catch(() => {});
    }
  }

  /** A disk for each who writes to it, over one state that stays for those who go back to it. */
  async #writeDisk(keys: readonly string[], bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { disks, lost } = this.#options;
    const { sizeBytes, parts } = await parseSparseTar(streamOf(unpacked(bytes)));
    const { id } = await disks.create({ sizeMiB: sizeBytes / mebibyte });
    this.#made.push(id);
    const client = new BlockPortClient(await disks.open(id), { lost });
    try {
      await writeExtents(client, extentsOf(parts), sizeBytes);
    } finally {
      await client.close();
    }
    const generation = await disks.freeze(id);
    for (const key of keys) this.#generations.set(key, generation);
    const [first, ...others] = keys.filter((key) => !key.includes('@'));
    if (first === undefined) await disks.delete(id);
    else this.#heads.set(first, id);
    for (const other of others) this.#heads.set(other, (await disks.fork(generation)).id);
  }

  /** One tar may be that of several folders: empty ones are all the same. */
  async #writeFolders(
    folders: LabDocument['folders'],
    digest: Digest,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const limit = Math.max(...folders.map(({ quotaBytes }) => quotaBytes)) + folderOverheadBytes;
    const opened: SharedFolder[] = [];
    let archive = streamOf(atMost(limit, digest, unpacked(bytes)));
    try {
      for (const { name, quotaBytes } of folders) {
        const folder = await this.#makeFolder(name, { quotaBytes });
        opened.push(folder);
        await folder.importTar(archive);
        await folder.sync();
        archive = folder.exportTar();
      }
    } finally {
      for (const folder of opened) folder.dispose();
    }
  }

  async #makeFolder(name: string, options?: { readonly quotaBytes: number }): Promise<SharedFolder> {
    const { folders } = this.#options;
    if (!folders) throw new SandboxError('Unimplemented', 'This lab has no shared folders');
    const before = (await folders.list()).find((each) => each.name === name);
    // It had none when the opening began; the lab has gone on all the while.
    if (before && (await holdsFiles(folders, name))) throw refusal(folderTaken(name));
    if (!before) await folders.create(name, options);
    this.#ownFolders.set(name, before);
    if (before) {
      // Directories, and the page may have it open.
      await emptyFolder(folders, name);
      if (options) await folders.setQuota(name, options.quotaBytes);
    }
    return folders.open(name);
  }

  /** A machine whose folder is lost has an empty one: what a user calls so later is not the machine's. */
  async #makeMissingFolders(): Promise<void> {
    if (!this.#options.folders) return;
    for (const name of sharedFoldersOf(this.#records)) {
      if (!this.#ownFolders.has(name)) (await this.#makeFolder(name)).dispose();
    }
  }

  /** Steps that take away what the empty lab has in the place of the archive's, and what its own network was allowed. */
  async #replaced(): Promise<readonly RecordChange[]> {
    const { records } = this.#options;
    const names = new Set(valuesOf<StoredNetwork>(this.#records, 'containerNetworks').map(({ name }) => name));
    const same = (await records.list('containerNetworks')).filter(({ value }) =>
      names.has((value as StoredNetwork).name),
    );
    const networks = await records.list('networks');
    return [
      ...same.map(({ key }): RecordChange => ({ collection: 'containerNetworks', key })),
      ...networks.map(({ key, value }): RecordChange => ({ collection: 'networks', key, value: confined(value) })),
    ];
  }

  /** With the files and the volumes that its disks are here. */
  #specOf<Spec extends StoredInstance['spec']>(spec: Spec): Spec {
    if (!spec.disks) return spec;
    const disks = spec.disks.map((disk: VmDiskSpec) => {
      const { source, volume } = disk;
      const id = volume === undefined ? undefined : this.#volumes.get(volume);
      const generation = source?.generation && this.#generation(source.generation);
      return {
        ...disk,
        ...(id !== undefined && { volume: id }),
        ...(source && generation && { source: { ...source, generation } }),
      };
    });
    return { ...spec, disks };
  }

  #volume(volume: VolumeRecord): VolumeRecord {
    const snapshots = volume.snapshots.map((state) => {
      const { generation } = this.#generation({ disk: volume.disk, generation: state.generation });
      return { ...state, generation };
    });
    const id = this.#volumes.get(volume.id) ?? volume.id;
    return { ...volume, id, disk: this.#head(volume.disk), snapshots };
  }

  /** Frozen states of a disk that somebody writes to lie below that disk: it is put back to them. */
  async join(): Promise<void> {
    const { disks, lost } = this.#options;
    const { generations, heads } = dataOf(this.#records);
    for (const { disk } of heads) {
      const states = generations.filter((each) => each.disk === disk).sort((a, b) => a.generation - b.generation);
      const [first] = states;
      const before = this.#head(disk);
      if (!first || (states.length === 1 && this.#generation(first).disk === before)) continue;
      const head = this.#heads.get(disk);
      const last = await disks.freeze(before);
      const { id } = await disks.fork(this.#generation(first));
      this.#made.push(id);
      for (const state of states) {
        await rewriteDisk(disks, id, this.#generation(state), lost);
        this.#spare.push(this.#generation(state));
        this.#generations.set(generationKey(state), await disks.freeze(id));
      }
      await rewriteDisk(disks, id, last, lost);
      this.#spare.push(last);
      this.#heads.set(disk, id);
      if (head !== undefined) await disks.delete(head);
    }
  }

  /** States that were only there to be joined. */
  async #dropSpare(): Promise<void> {
    const named = new Set([...this.#generations.values()].map(generationKey));
    const unnamed = this.#spare.filter((each) => !named.has(generationKey(each)));
    for (const generation of unnamed) await this.#options.disks.deleteGeneration(generation).catch(() => {});
  }

  #generation(generation: DiskGeneration): DiskGeneration {
    const found = this.#generations.get(generationKey(generation));
    if (!found) throw new SandboxError('DataLoss', `The archive lacks a disk: ${generationKey(generation)}`);
    return found;
  }

  #head(disk: DiskId): DiskId {
    const found = this.#heads.get(disk);
    if (found === undefined) throw new SandboxError('DataLoss', `The archive lacks a disk: ${disk}`);
    return found;
  }
}

/** A network from which nothing leads out. */
function confined(network: unknown): NetworkSpec {
  const { egress: _, engineApi: __, ...spec } = network as NetworkSpec;
  return spec;
}

/** Bytes that a layer of memory may have: as many as the largest machine that it is of. */
function stateLimit(records: readonly ArchivedRecord[], layer: Digest): number {
  const sizes = valuesOf<SnapshotRecord>(records, 'snapshots').map(({ layers, config }) =>
    layers.includes(layer) ? config.machine.memoryMiB : 0,
  );
  return (Math.min(largestMemoryMiB, Math.max(...sizes)) + stateOverheadMiB) * mebibyte;
}

/** The images that are whole, as an archive of their own; what of them cannot be loaded is told. */
async function loadImages(
  open: () => ReadableStream<Uint8Array>,
  { images, sound }: ScannedLab,
  { images: store }: LabStores,
  operation: Operation,
): Promise<readonly string[]> {
  if (images.length === 0) return [];
  const index: Index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: images.map((each) => each.descriptor),
  };
  const wanted = new Set(images.flatMap(({ blobs }) => blobs));
  async function* blobs(): AsyncGenerator<ArchiveBlob> {
    for await (const { digest, bytes } of readEach(open, wanted, sound)) {
      yield { digest, size: sound.get(digest) ?? 0, open: () => bytes };
    }
  }
  try {
    await store.load(writeOciArchive(index, blobs()), operation);
    return [];
  } catch (thrown) {
    const { code, message } = toSandboxError(thrown);
    if (code !== 'InvalidArgument' && code !== 'DataLoss' && code !== 'Unimplemented') throw thrown;
    return [message];
  }
}

/** Those that are sound, and no further: behind the last of them the file may be cut off. */
async function* readEach(
  open: () => ReadableStream<Uint8Array>,
  wanted: ReadonlySet<Digest>,
  sound: ScannedLab['sound'],
): AsyncGenerator<ArchivedBlob> {
  const left = new Set([...wanted].filter((digest) => sound.has(digest)));
  if (left.size === 0) return;
  for await (const blob of readArchiveBlobs(open(), new Set(left), imageArchiveLimits)) {
    yield blob;
    left.delete(blob.digest);
    if (left.size === 0) return;
  }
}

async function* unpacked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const packed = streamOf(copied(bytes));
  try {
    yield* chunksOf(packed.pipeThrough(new DecompressionStream('gzip')));
  } catch (thrown) {
    if (thrown instanceof SandboxError) throw thrown;
    throw new SandboxError('DataLoss', `A blob of the archive cannot be unpacked: ${toSandboxError(thrown).message}`);
  }
}

/** A blob of a few bytes can unpack to any number of them. */
async function* atMost(
  limitBytes: number,
  digest: Digest,
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let size = 0;
  for await (const part of bytes) {
    size += part.length;
    if (size > limitBytes) {
      const message = `The blob ${digest} of the archive unpacks to more than the ${limitBytes} bytes that it can have`;
      throw new SandboxError('ResourceExhausted', message, { details: { digest, limit: limitBytes } });
    }
    yield part;
  }
}

/** Pieces of an archive are good only until the next one is asked for. */
async function* copied(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const part of bytes) yield part.slice();
}

async function collected(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part.slice());
  return concatBytes(parts);
}

function damaged(digest: Digest): SandboxError {
  return new SandboxError('DataLoss', `The blob ${digest} of the archive is not what its digest says`, {
    details: { digest },
  });
}
