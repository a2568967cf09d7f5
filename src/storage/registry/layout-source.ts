import type { Operation } from '../../api/operation';
import { SandboxError } from '../../base/errors';
import { digestHex, parseDigest } from '../../formats/digest';
import { annotations, type Descriptor } from '../../formats/oci';
import type { Reference } from '../../formats/reference';
import type { LayoutIndex } from '../layout-index';
import { blobBody, rangeAnswers, rangeFrom } from './blob-body';
import { verifyManifest } from './fetched-manifest';
import type { BlobBody, BlobRequest, FetchedManifest, ImageSource } from './image-source';
import { readDocument } from './registry-repository';
import type { Transport, TransportRequest } from './transport';

export interface LayoutSourceOptions {
  /** Directory of `index.json` and `blobs/`, with a slash at the end. */
  readonly baseUrl: string;
  readonly index: LayoutIndex;
  readonly transport: Transport;
}

/** One repository of a static image layout (image-spec v1.1, image-layout.md), of plain files that any host can serve. */
export class LayoutSource implements ImageSource {
  readonly #options: LayoutSourceOptions;
  /** As the layout's index has it, before the colon: `strata/debian`. */
  readonly #name: string;

  constructor(options: LayoutSourceOptions, name: string) {
    this.#options = options;
    this.#name = name;
  }

  /** Whether the index names this tag, or anything of this repository when a digest is wanted. */
  async offers({ tag, digest }: Pick<Reference, 'tag' | 'digest'>): Promise<boolean> {
    const { manifests } = await this.#options.index.current();
    const wanted = `${this.#name}:${digest === undefined ? (tag ?? '') : ''}`;
    return manifests.some(({ annotations: notes }) => {
      const name = notes?.[annotations.refName];
      return digest === undefined ? name === wanted : name?.startsWith(wanted);
    });
  }

  async manifest(tagOrDigest: string, { signal }: Operation = {}): Promise<FetchedManifest> {
    const isDigest = tagOrDigest.includes(':');
    const name = `${this.#name}${isDigest ? '@' : ':'}${tagOrDigest}`;
    const digest = isDigest ? tagOrDigest : (await this.#find(tagOrDigest))?.digest;
    if (digest === undefined) {
      const message = `Manifest for ${name} not found: manifest unknown: it does not come with this page`;
      throw new SandboxError('NotFound', message, { details: { reference: name } });
    }
    const fetched = async (cache: RequestCache): Promise<FetchedManifest> => {
      const request = this.#request(digest, { cache }, tagOrDigest);
      const bytes = await this.#options.transport.exchange(request, signal, (response) => readDocument(response, name));
      return verifyManifest(bytes, name, { contentType: null, digest });
    };
    return fetched('default').catch((error: unknown) => {
      // What the HTTP cache has may be what is damaged.
      if (!(error instanceof SandboxError && error.code === 'DataLoss')) throw error;
      return fetched('reload');
    });
  }

  async blob(descriptor: Descriptor, offset: number, { signal, cache }: BlobRequest): Promise<BlobBody> {
    const request = this.#request(descriptor.digest, { headers: rangeFrom(offset), cache, answers: rangeAnswers });
    return blobBody(await this.#options.transport.send(request, signal), descriptor, offset);
  }

  #request(
    digest: string,
    more: Pick<TransportRequest, 'headers' | 'cache' | 'answers'>,
    manifest?: string,
  ): TransportRequest {
    return {
      method: 'GET',
      url: `${this.#options.baseUrl}blobs/sha256/${digestHex(parseDigest(digest))}`,
      subject: { action: 'pull', name: this.#name, ...(manifest !== undefined && { manifest }) },
      ...more,
    };
  }

  async #find(tag: string): Promise<Descriptor | undefined> {
    const { manifests } = await this.#options.index.current();
    return manifests.find((entry) => entry.annotations?.[annotations.refName] === `${this.#name}:${tag}`);
  }
}
