import type { Digest } from '../../api/content-store';
import type { Lease } from '../../api/image';
import type { ImageLayer, SelectedImage } from '../../api/image-summary';
import type { LayerIndex } from '../../api/layer';
import type { Operation } from '../../api/operation';
import { concatBytes } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import { IgnoreRules } from '../../formats/dockerignore/ignore-rules';
import { resolvePath } from '../../formats/layer/resolve-path';
import { Union, type UnionEntry } from '../../formats/layer/union';
import { mediaTypes } from '../../formats/oci';
import type { ImageStores } from '../images/export-image';
import { addLayer } from '../images/make-image';
import { describeLayer } from '../images/put-parts';
import { sniffLayer } from '../images/sniff-layer';
import { clampLayer } from './clamp-layer';
import type { CopyRequest, CopyTree, DirectoryRequest } from './copy-request';
import { FileDigests } from './file-digests';
import { archiveKey, type CopyPlace, type PlannedEntry, planCopy, planDirectory } from './plan-copy';
import { fingerprint, writePlannedLayer } from './planned-layer';
import { selectSources } from './select-sources';
import { writeTree } from './write-tree';

/** Content that a build works on, held by a lease until it is over. */
export class BuildSession {
  readonly lease: Lease;
  readonly #stores: ImageStores;
  readonly #digests: FileDigests;

  constructor(stores: ImageStores, lease: Lease) {
    this.lease = lease;
    this.#stores = stores;
    this.#digests = new FileDigests(stores.layers);
  }

  /** Keeps a tar as a layer: a context, what a RUN changed, an archive. Errors as of `ImageStore.put`. */
  async addTar(tar: AsyncIterable<Uint8Array>, operation: Operation): Promise<ImageLayer> {
    const { descriptor, diffId } = await addLayer(this.#stores.images, tar, this.lease, operation);
    return { digest: descriptor.digest, diffId };
  }

  /** What a RUN changed; undefined when that is nothing. `latest`: no file is younger, seconds since the epoch. */
  async addChanges(
    tar: AsyncIterable<Uint8Array>,
    latest: number | undefined,
    operation: Operation,
  ): Promise<ImageLayer | undefined> {
    const layer = await this.addTar(tar, operation);
    const index = await this.#stores.layers.layer(layer.diffId);
    if (index.nodes.length <= 1) return undefined;
    return latest === undefined ? layer : this.addTar(clampLayer(this.#stores.layers, index, latest), operation);
  }

  /** The layers stay until the build is over. */
  async hold(image: SelectedImage): Promise<void> {
    for (const { digest } of image.layers) {
      if (await this.#stores.images.has({ mediaType: mediaTypes.layer, digest, size: 0 }, this.lease)) continue;
      throw new SandboxError(
        'FailedPrecondition',
        `The image ${image.reference ?? image.id} is not complete; pull it again`,
      );
    }
  }

  /** The bytes of a file in a tree of layers, links followed inside of it; undefined when there is none. */
  async readFile(layers: readonly Digest[], path: string, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { entry } = resolvePath(await this.#union(layers), path);
    if (entry?.node.kind !== 'file') return undefined;
    if (entry.node.size > limit) {
      throw new SandboxError('InvalidArgument', `/${path} has ${entry.node.size} bytes, at most ${limit} are read`);
    }
    const parts: Uint8Array[] = [];
    const diffId = layers[entry.layer];
    if (diffId) for await (const piece of this.#stores.layers.readFile(diffId, entry.node)) parts.push(piece);
    return concatBytes(parts);
  }

  /** The tar of what is at a path, links followed inside of the tree, under another name. `NotFound`. */
  async openTree(layers: readonly Digest[], path: string, name: string): Promise<AsyncGenerator<Uint8Array>> {
    const union = await this.#union(layers);
    const { entry } = resolvePath(union, path);
    if (!entry) throw new SandboxError('NotFound', `failed to calculate checksum: "${path}": not found`);
    return writeTree(this.#stores.layers, { union, layers, from: entry, name });
  }

  async planCopy(request: CopyRequest, operation: Operation): Promise<readonly PlannedEntry[]> {
    const [below, union] = await Promise.all([this.#union(request.below), this.#union(request.from.layers)]);
    const source = { union, ignore: rulesOf(request.from), isContext: request.from.isContext };
    const excludes = request.excludes.length > 0 ? new IgnoreRules(request.excludes) : undefined;
    const archives = new Map<string, { readonly union: Union; readonly diffId: Digest }>();
    const place: CopyPlace = { below, source, layers: request.from.layers, excludes, archives };
    if (request.unpack) {
      for (const { entry } of request.sources.flatMap((each) => selectSources(source, each))) {
        const archive = await this.#archive(request.from.layers, entry, operation);
        const layer = request.from.layers[entry.layer];
        if (archive && layer) archives.set(archiveKey(layer, entry.inode), archive);
      }
    }
    for (const { unpacked } of request.files) {
      if (unpacked) archives.set(archiveKey(unpacked, 0), { union: await this.#union([unpacked]), diffId: unpacked });
    }
    return planCopy(place, request);
  }

  async planDirectory(request: DirectoryRequest): Promise<readonly PlannedEntry[]> {
    return planDirectory(await this.#union(request.below), request);
  }

  fingerprint(entries: readonly PlannedEntry[], { signal }: Operation): Promise<Digest> {
    return fingerprint(entries, this.#digests, signal);
  }

  /** The layer of what was planned; undefined when that is nothing. */
  async addPlanned(entries: readonly PlannedEntry[], operation: Operation): Promise<ImageLayer | undefined> {
    return entries.length === 0 ? undefined : this.addTar(writePlannedLayer(this.#stores, entries), operation);
  }

  /** A stored file as a layer, where it is an archive that can be read. */
  async archiveOf(blob: Digest, operation: Operation): Promise<Digest | undefined> {
    return (await this.#unpacked(this.#stores.images.open(blob), operation))?.diffId;
  }

  async #archive(
    layers: readonly Digest[],
    { node, layer }: UnionEntry,
    operation: Operation,
  ): Promise<{ readonly union: Union; readonly diffId: Digest } | undefined> {
    const diffId = layers[layer];
    if (node.kind !== 'file' || diffId === undefined || node.size === 0) return undefined;
    const added = await this.#unpacked(this.#stores.layers.readFile(diffId, node), operation);
    return added && { union: await this.#union([added.diffId]), diffId: added.diffId };
  }

  async #unpacked(bytes: AsyncGenerator<Uint8Array>, operation: Operation): Promise<ImageLayer | undefined> {
    const sniffed = await sniffLayer(bytes);
    if (sniffed.layer === undefined) {
      await requireReadable(sniffed.bytes);
      return undefined;
    }
    const { digest, size } = await this.#stores.images.add(sniffed.bytes, this.lease, operation);
    const descriptor = await describeLayer(this.#stores.images, { digest, size });
    await this.#stores.images.put(descriptor, this.#stores.images.open(digest), this.lease, operation);
    return { digest, diffId: await this.#stores.images.diffId(descriptor) };
  }

  async #union(layers: readonly Digest[]): Promise<Union> {
    const indexes: LayerIndex[] = [];
    for (const diffId of layers) indexes.push(await this.#stores.layers.layer(diffId));
    return new Union(indexes);
  }
}

function rulesOf({ ignore }: CopyTree): IgnoreRules | undefined {
  return ignore && ignore.length > 0 ? new IgnoreRules(ignore) : undefined;
}

/** Docker would unpack these; here nothing can. */
const unreadable: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
];

async function requireReadable(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of bytes) {
    const found = unreadable.find(([, magic]) => magic.every((byte, at) => piece[at] === byte));
    if (!found) return;
    const message = `ADD cannot unpack an archive that is compressed by ${found[0]} here; use gzip or zstd, or COPY it and unpack it by RUN`;
    throw new SandboxError('Unimplemented', message);
  }
}
