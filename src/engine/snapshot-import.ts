import type { Digest } from '../api/content-store';
import type { DiskGeneration } from '../api/disk';
import type { Operation } from '../api/operation';
import type { SharedFolders } from '../api/shared-folder';
import type { SnapshotRecord } from '../api/snapshot';
import { concatBytes } from '../base/bytes';
import { SandboxError, throwIfAborted, toSandboxError } from '../base/errors';
import { chunksOf, streamOf } from '../base/streams';
import { parseDigest } from '../formats/digest';
import { annotations, type Descriptor, mediaTypes } from '../formats/oci';
import {
  type ArchivedBlob,
  missingBlob,
  type OciArchive,
  readArchiveBlobs,
  scanOciArchive,
} from '../formats/oci-archive';
import { parseManifest } from '../formats/oci-parse';
import { parseSavedSnapshot, type SavedSnapshot } from '../formats/saved-snapshot';
import { stateLabel } from './blob-client';
import { copyGeneration, writeDiskImage } from './disk-copies';
import { withOwnFolders } from './own-folders';
import type { SnapshotStores } from './snapshot-archive';

export interface ImportOptions extends SnapshotStores {
  readonly randomId: () => string;
  /** Blobs that records name: an import that fails must not take them along. */
  readonly inUse: ReadonlySet<Digest>;
  /** Asked for only where the machine shares some. */
  readonly folders: () => Promise<SharedFolders>;
}

/** Bytes of one state at most: the largest machine's RAM and what belongs to it. */
const stateLimit = 1280 * 1024 * 1024;

/**
 * Stores what is in a snapshot's file and returns its record, which the caller writes down. The file is read
 * twice, so `open` is called twice. A machine that shared folders has empty ones of its own. Errors, with nothing left: `InvalidArgument` for what is no snapshot,
 * `FailedPrecondition` for one of another version, `DataLoss` for one that is damaged, naming the blob,
 * `ResourceExhausted`, `Canceled`, `Unimplemented` for one that shares folders where nothing is shared.
 */
export async function importSnapshot(
  open: () => ReadableStream<Uint8Array>,
  options: ImportOptions,
  operation: Operation = {},
): Promise<SnapshotRecord> {
  operation.onProgress?.({ phase: 'Looking through the file' });
  const contents = await readContents(await scanOciArchive(open()));
  throwIfAborted(operation.signal);
  const received = new Received(contents, options);
  try {
    const wanted = new Set([...contents.states, ...contents.disks].map(({ digest }) => digest));
    let done = 0;
    for await (const blob of readArchiveBlobs(open(), wanted)) {
      throwIfAborted(operation.signal);
      operation.onProgress?.({ phase: 'Storing', done, total: contents.totalBytes });
      await received.take(blob);
      done += blob.size;
    }
    const record = received.record();
    return { ...record, spec: await withOwnFolders(record.spec, options.folders) };
  } catch (error) {
    await received.discard();
    throw error;
  }
}

interface Contents {
  readonly saved: SavedSnapshot;
  readonly states: readonly Descriptor[];
  /** One for each disk of the spec. */
  readonly disks: readonly Descriptor[];
  readonly totalBytes: number;
}

async function readContents(archive: OciArchive): Promise<Contents> {
  const [first, ...others] = archive.index.manifests.filter(
    ({ artifactType }) => artifactType === undefined || artifactType === mediaTypes.savedSnapshot,
  );
  if (!first || others.length > 0) throw notSnapshot('it does not have exactly one manifest');
  const manifest = parseManifest(await archive.readDocument(first));
  if (
    manifest.artifactType !== mediaTypes.savedSnapshot ||
    manifest.config.mediaType !== mediaTypes.savedSnapshotConfig
  ) {
    throw notSnapshot(`it is ${manifest.artifactType ?? manifest.config.mediaType}`);
  }
  const saved = parseSavedSnapshot(await archive.readDocument(manifest.config));
  const states = manifest.layers.filter(({ mediaType }) => mediaType === mediaTypes.savedSnapshotLayer);
  const disks = manifest.layers.filter(({ mediaType }) => mediaType === mediaTypes.savedDiskLayer);
  const expected = saved.spec.disks?.length ?? 0;
  if (states.length === 0 || states.length + disks.length !== manifest.layers.length || disks.length !== expected) {
    throw notSnapshot(`its layers are not some of memory and ${expected} of disks`);
  }
  for (const { digest, size } of manifest.layers) {
    const found = archive.blobs.get(digest);
    if (found === undefined) throw missingBlob(digest);
    if (found !== size) throw damaged(digest, `has ${found} bytes, expected ${size}`);
  }
  return { saved, states, disks, totalBytes: manifest.layers.reduce((sum, { size }) => sum + size, 0) };
}

/** What has been stored of an archive so far. */
class Received {
  readonly #contents: Contents;
  readonly #options: ImportOptions;
  /** By the digest of the packed blob: digest and bytes of what was in it. */
  readonly #states = new Map<Digest, { readonly digest: Digest; readonly size: number }>();
  readonly #disks: (DiskGeneration | undefined)[];

  constructor(contents: Contents, options: ImportOptions) {
    this.#contents = contents;
    this.#options = options;
    this.#disks = contents.disks.map(() => undefined);
  }

  /** A blob may be several layers: empty disks of one size are all the same. */
  async take(blob: ArchivedBlob): Promise<void> {
    const { states, disks } = this.#contents;
    const state = states.find(({ digest }) => digest === blob.digest);
    if (state) await this.#takeState(state, blob);
    else
      await this.#takeDisks(
        disks.flatMap(({ digest }, at) => (digest === blob.digest ? [at] : [])),
        blob,
      );
  }

  record(): SnapshotRecord {
    const { randomId } = this.#options;
    const { saved, states } = this.#contents;
    const layers = states.map(({ digest }) => this.#states.get(digest));
    const disks = this.#disks.filter((disk) => disk !== undefined);
    const whole = layers.filter((layer) => layer !== undefined);
    if (whole.length !== layers.length || disks.length !== this.#disks.length) {
      throw new SandboxError('DataLoss', 'The file changed while it was read');
    }
    return {
      ...saved,
      id: randomId(),
      // Of an instance elsewhere; none here may be taken for it.
      instance: randomId(),
      layers: whole.map(({ digest }) => digest),
      size: whole.at(-1)?.size ?? 0,
      disks,
      automatic: false,
    };
  }

  /** What cannot be removed now costs room and nothing else. */
  async discard(): Promise<void> {
    const { blobs, disks, inUse } = this.#options;
    for (const { digest } of this.#states.values()) {
      if (!inUse.has(digest)) await blobs.delete(digest).catch(() => undefined);
    }
    for (const generation of this.#disks) {
      if (generation) await disks.deleteGeneration(generation).catch(() => undefined);
    }
  }

  async #takeState(descriptor: Descriptor, { digest, bytes }: ArchivedBlob): Promise<void> {
    const announced = Number(descriptor.annotations?.[annotations.uncompressedSize]);
    if (!Number.isSafeInteger(announced) || announced < 0 || announced > stateLimit) {
      throw damaged(digest, `announces ${announced} bytes`);
    }
    const expected = parseDigest(descriptor.annotations?.[annotations.uncompressedDigest]);
    const parts: Uint8Array[] = [];
    let size = 0;
    await unpacked(digest, bytes, async (chunks) => {
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > announced) throw damaged(digest, `holds more than the ${announced} bytes it announces`);
        parts.push(chunk);
      }
    });
    const stored = await this.#options.blobs.put(concatBytes(parts).buffer, stateLabel);
    this.#states.set(digest, stored);
    if (stored.digest !== expected) throw damaged(digest, `holds ${stored.digest}, announced as ${expected}`);
  }

  async #takeDisks([first, ...others]: readonly number[], { digest, bytes }: ArchivedBlob): Promise<void> {
    const { disks, lost } = this.#options;
    if (first === undefined) return;
    const sizeMiB = this.#contents.saved.spec.disks?.[first]?.sizeMiB ?? 0;
    const made = await unpacked(digest, bytes, (chunks) => writeDiskImage(disks, chunks, sizeMiB, lost));
    this.#disks[first] = made;
    for (const at of others) this.#disks[at] = await copyGeneration(disks, made);
  }
}

/** Gives what is in a packed blob to `use`. The blob is good only when its last byte has been compared as well. */
async function unpacked<T>(
  digest: Digest,
  bytes: AsyncIterable<Uint8Array>,
  use: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  let cause: SandboxError | undefined;
  let compared = false;
  async function* watched(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    try {
      for await (const chunk of bytes) yield new Uint8Array(chunk);
      compared = true;
    } catch (error) {
      // Not every decompressor passes on why its source failed.
      cause = toSandboxError(error);
      throw error;
    }
  }
  async function* plain(): AsyncGenerator<Uint8Array> {
    try {
      yield* chunksOf(streamOf(watched()).pipeThrough(new DecompressionStream('gzip')));
    } catch (error) {
      throw cause ?? damaged(digest, `cannot be unpacked: ${toSandboxError(error).message}`);
    }
  }
  const result = await use(plain());
  // Some decompressors end where the packed data do, and leave what is behind.
  if (!compared) throw damaged(digest, 'has something behind its end');
  return result;
}

function notSnapshot(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not a snapshot of a machine: ${what}`);
}

function damaged(digest: Digest, what: string): SandboxError {
  return new SandboxError('DataLoss', `The blob ${digest} of the file ${what}`, { details: { digest } });
}
